//! From source to `dist/` and the `bulkhead` binary.
//!
//! Each group of components is one cargo invocation a target, so that cargo uses every core, and the features that one
//! group turns on in a shared dependency don't grow another group's components.

mod dist;
mod target;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde::Deserialize;

use crate::cargo::{cargo, packages};
use crate::process;
use crate::progress::Steps;
use crate::workspace::{Package, Role, Workspace};

pub(crate) use target::{by_target, ensure_wasm_targets};

/// What can be built on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The Spin components behind the REST API.
    Functions,
    /// The connectors' components.
    Connectors,
    /// The hostile and broken components that tests use.
    Guests,
    /// The `bulkhead` binary.
    Host,
}

/// Builds these parts, or all but the test guests when none is named.
///
/// # Errors
/// When a wasm target is missing and can't be added, or something does not compile.
pub(crate) fn build(workspace: &Workspace, steps: &Steps, parts: &[Part]) -> anyhow::Result<()> {
    let parts = if parts.is_empty() { &[Part::Functions, Part::Connectors, Part::Host] } else { parts };
    if parts.iter().any(|part| *part != Part::Host) {
        ensure_wasm_targets(workspace, steps)?;
    }
    for part in parts {
        match part {
            Part::Functions => components(workspace, steps, "functions", Role::Function, dist::place_function)?,
            Part::Connectors => components(workspace, steps, "connectors", Role::Connector, dist::place_connector)?,
            Part::Guests => components(workspace, steps, "guests", Role::Guest, dist::place_guest)?,
            Part::Host => steps.run("build host", || binary(workspace, "bulkhead"))?,
        }
    }
    Ok(())
}

/// Puts one component of a package where it belongs below the folder, and returns the entry that it made there.
type Place = fn(&Package, &Path, &Path) -> anyhow::Result<PathBuf>;

fn components(workspace: &Workspace, steps: &Steps, group: &str, role: Role, place: Place) -> anyhow::Result<()> {
    let members = workspace.with_role(&[role]);
    let folder = workspace.dist().join(group);
    steps.run(&format!("build {group} ({})", members.len()), || {
        let mut built = HashMap::new();
        for (target, members) in by_target(&members) {
            built.extend(compile(workspace, &members, target)?);
        }
        let mut placed = Vec::new();
        for package in &members {
            let component = built
                .get(&package.id)
                .with_context(|| format!("{} gave no component: its library needs crate-type cdylib", package.name))?;
            placed.push(place(package, component, &folder)?);
        }
        dist::remove_others(&folder, &placed)
    })
}

/// A line of cargo's JSON output; only artifacts matter here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Compiles the packages for a wasm target and tells each one's component.
fn compile(workspace: &Workspace, members: &[&Package], target: &str) -> anyhow::Result<HashMap<String, PathBuf>> {
    let mut command = cargo(&workspace.root);
    command.args(["build", "--profile", "component", "--target", target]);
    command.args(["--message-format", "json-render-diagnostics"]);
    packages(&mut command, members.iter().map(|package| package.name.as_str()));
    // Only the messages are captured: progress and diagnostics go to the terminal as they come.
    command.stderr(Stdio::inherit());
    let output = command.output().context("can't start cargo")?;
    if !output.status.success() {
        bail!("the components do not compile");
    }
    Ok(artifacts(&String::from_utf8_lossy(&output.stdout)))
}

fn artifacts(messages: &str) -> HashMap<String, PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| {
            let component = message.filenames.into_iter().find(|file| file.extension().is_some_and(|e| e == "wasm"))?;
            Some((message.package_id?, component))
        })
        .collect()
}

/// Builds one binary natively; [`Workspace::binary`] tells where it is.
///
/// # Errors
/// When it does not compile.
pub(crate) fn binary(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    let mut command = cargo(&workspace.root);
    command.args(["build", "--release", "--bin", name]);
    packages(&mut command, workspace.native_names());
    process::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","package_id":"kit","filenames":["/t/libkit.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","package_id":"toolbox","filenames":["/t/toolbox.wasm","/t/libtoolbox.rlib"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\nnot json\n",
        );
        let found = artifacts(messages);
        assert_eq!(found.len(), 1);
        assert_eq!(found["toolbox"], PathBuf::from("/t/toolbox.wasm"));
    }
}
