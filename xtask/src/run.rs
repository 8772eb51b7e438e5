//! Commands that build and then hand over to a program of this workspace.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;

use crate::build::{self, Part};
use crate::process;
use crate::progress::Steps;
use crate::workspace::Workspace;

/// Builds what `bulkhead up` serves and becomes it, so that Ctrl-C and the exit status are its own.
///
/// # Errors
/// When something does not build, or the binary can't be started.
pub(crate) fn up(workspace: &Workspace, steps: &Steps, args: &[String]) -> anyhow::Result<()> {
    build::build(workspace, steps, &[Part::Functions, Part::Connectors, Part::Host])?;
    let mut command = Command::new(workspace.binary("bulkhead"));
    command
        .arg("up")
        .arg("--manifest")
        .arg(workspace.root.join("spin.toml"))
        .arg("--connectors")
        .arg(workspace.dist().join("connectors"))
        .args(args);
    Err(command.exec()).with_context(|| format!("can't start {}", workspace.binary("bulkhead").display()))
}

/// Builds everything that is measured and runs the benchmark.
///
/// # Errors
/// When something does not build, or the benchmark fails.
pub(crate) fn bench(workspace: &Workspace, steps: &Steps, json: bool, args: &[String]) -> anyhow::Result<()> {
    build::build(workspace, steps, &[Part::Functions, Part::Connectors, Part::Guests, Part::Host])?;
    steps.run("build bench", || build::binary(workspace, "bulkhead-bench"))?;
    let mut command = Command::new(workspace.binary("bulkhead-bench"));
    command
        .args(json.then_some("--json"))
        .args(args)
        .env("BULKHEAD_BIN", workspace.binary("bulkhead"))
        .env("BULKHEAD_GUESTS_DIR", workspace.dist().join("guests"))
        .env("BULKHEAD_CONNECTORS_DIR", workspace.dist().join("connectors"))
        .env("BULKHEAD_MANIFEST", workspace.root.join("spin.toml"));
    steps.run("bench", || process::run(&mut command))
}
