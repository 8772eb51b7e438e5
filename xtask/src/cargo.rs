//! Calling cargo from a program that cargo started.

use std::path::Path;
use std::process::Command;

/// A cargo command that runs in the workspace, as if typed by a person.
///
/// `cargo run` sets variables about xtask's own package. Build scripts (ring's, for one) declare that they depend on
/// some of them, so without removing them every build through xtask and every build by hand would redo each other.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        if is_about_the_running_package(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

/// Adds `-p NAME` for each package.
pub(crate) fn packages<'a>(command: &mut Command, names: impl IntoIterator<Item = &'a str>) {
    for name in names {
        command.args(["-p", name]);
    }
}

fn is_about_the_running_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_packages_own_variables_are_removed() {
        assert!(is_about_the_running_package("CARGO_PKG_NAME"));
        assert!(is_about_the_running_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_the_running_package("CARGO_TARGET_DIR"));
        assert!(!is_about_the_running_package("CARGO_HOME"));
    }
}
