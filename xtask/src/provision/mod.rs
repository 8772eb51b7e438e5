//! What the tests need from outside: a PostgreSQL server, Prometheus, an OCI registry, Node with a few packages, Python
//! with a few.
//!
//! Everything is looked for first and installed only when it is missing: programs as Debian packages when this runs
//! as root on Debian or Ubuntu, packages of Node and Python into `~/.cache/bulkhead`, locked by files in
//! `tests/clients`. What can't be installed ends the command with the line to type. Nothing is ever skipped, because
//! a test that quietly did not run reads like one that passed.

mod cache;
mod debian;
mod node;
pub(crate) mod postgres;
mod python;

use std::path::PathBuf;

use anyhow::bail;

use crate::process;
use crate::progress::Steps;
use crate::workspace::Workspace;

/// Whether what is missing is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Installs what is missing.
    Install,
    /// Fails when something is missing.
    OnlyFind,
}

impl Mode {
    /// From the flag `--no-provision`.
    pub(crate) fn from_flag(no_provision: bool) -> Self {
        if no_provision { Self::OnlyFind } else { Self::Install }
    }
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The folder of PostgreSQL's server programs: `initdb`, `postgres`, `pg_ctl`.
    pub(crate) postgres: PathBuf,
    prometheus: PathBuf,
    promtool: PathBuf,
    oci_registry: PathBuf,
    node_modules: PathBuf,
    python: PathBuf,
}

impl Tools {
    /// The variables by which the tests are told.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("BULKHEAD_POSTGRES_BINDIR", self.postgres.clone()),
            ("BULKHEAD_PROMETHEUS", self.prometheus.clone()),
            ("BULKHEAD_PROMTOOL", self.promtool.clone()),
            ("BULKHEAD_OCI_REGISTRY", self.oci_registry.clone()),
            ("BULKHEAD_NODE", node::binary(&self.node_modules)),
            ("BULKHEAD_NODE_MODULES", self.node_modules.clone()),
            ("BULKHEAD_PYTHON", self.python.clone()),
        ]
    }
}

/// Finds, or installs, everything.
///
/// # Errors
/// When something is missing and can't be installed. The error says what to type.
pub(crate) fn provision(workspace: &Workspace, steps: &Steps, mode: Mode) -> anyhow::Result<Tools> {
    steps.run("provision", || {
        let missing = missing_packages();
        if !missing.is_empty() {
            debian::install(steps, mode, &missing)?;
        }
        let (Some(postgres), Some(prometheus), Some(promtool), Some(oci_registry)) =
            (postgres::server_programs(), process::find("prometheus"), process::find("promtool"), oci_registry())
        else {
            bail!("{} was installed, yet its programs are not on the PATH", missing_packages().join(", "));
        };
        let clients = workspace.root.join("tests/clients");
        let node_modules = node::packages(steps, mode, &clients.join("node"))?;
        let python = python::environment(steps, mode, &clients.join("python"))?;
        Ok(Tools { postgres, prometheus, promtool, oci_registry, node_modules, python })
    })
}

/// The Debian packages whose programs were not found.
fn missing_packages() -> Vec<&'static str> {
    let wanted: [(&'static str, bool); 6] = [
        ("postgresql", postgres::server_programs().is_some()),
        ("prometheus", process::find("prometheus").is_some() && process::find("promtool").is_some()),
        ("docker-registry", oci_registry().is_some()),
        ("npm", process::find("npm").is_some()),
        ("python3", process::find("python3").is_some()),
        // Debian's own Python comes without what makes a virtual environment.
        ("python3-venv", python::can_make_environments()),
    ];
    wanted.into_iter().filter(|(_, found)| !found).map(|(package, _)| package).collect()
}

/// The CNCF's registry, as Debian calls its program, or as its own releases do.
fn oci_registry() -> Option<PathBuf> {
    process::find("docker-registry").or_else(|| process::find("registry"))
}
