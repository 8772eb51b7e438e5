//! What rustfmt, clippy and cargo-deny have to say. Every check runs even after another failed.

use std::process::Command;

use crate::build::{by_target, ensure_wasm_targets};
use crate::cargo::{cargo, packages};
use crate::process;
use crate::progress::Steps;
use crate::suite::Suite;
use crate::workspace::{Package, Role, Workspace};

/// Runs all checks and counts them.
///
/// # Errors
/// When a wasm target is missing and can't be added. A check that fails is counted, not an error.
pub(crate) fn lint(workspace: &Workspace, steps: &Steps) -> anyhow::Result<Suite> {
    ensure_wasm_targets(workspace, steps)?;
    let components = workspace.with_role(&[Role::Function, Role::Connector, Role::Guest, Role::SpinAdapters]);

    let mut suite = Suite::start("lint");
    suite.check_command(steps, "format", cargo(&workspace.root).args(["fmt", "--all", "--check"]));
    suite.check_command(steps, "clippy, native", &mut clippy(workspace, &workspace.native(), None));
    for (target, components) in by_target(&components) {
        let name = format!("clippy, {target}");
        suite.check_command(steps, &name, &mut clippy(workspace, &components, Some(target)));
    }
    if process::succeeds(Command::new("cargo-deny").arg("--version")) {
        // Advisories are left to a person: they come from the network and change without a change here.
        let mut deny = cargo(&workspace.root);
        suite.check_command(steps, "cargo-deny", deny.args(["deny", "check", "bans", "licenses", "sources"]));
    } else {
        steps.note("cargo-deny is left out: it is not installed (`cargo install --locked cargo-deny`)");
    }
    Ok(suite.finish())
}

fn clippy(workspace: &Workspace, members: &[&Package], target: Option<&str>) -> Command {
    let mut command = cargo(&workspace.root);
    command.arg("clippy");
    // In the profiles of the build, so that build scripts (SQLite's compiles all of SQLite) run once for both.
    match target {
        // A component's tests run natively, so only the component itself is compiled for the wasm target.
        Some(target) => command.args(["--lib", "--profile", "component", "--target", target]),
        None => command.args(["--all-targets", "--release"]),
    };
    packages(&mut command, members.iter().map(|package| package.name.as_str()));
    command.args(["--", "-D", "warnings"]);
    command
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    #[test]
    fn a_component_is_linted_for_its_own_target() {
        let workspace = made_up::workspace(Path::new("/w"), &[("tools", "functions/tools", &[])]);
        let command = clippy(&workspace, &workspace.with_role(&[Role::Function]), Some("wasm32-wasip2"));
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(
            words,
            [
                "clippy",
                "--lib",
                "--profile",
                "component",
                "--target",
                "wasm32-wasip2",
                "-p",
                "tools",
                "--",
                "-D",
                "warnings"
            ]
        );
    }
}
