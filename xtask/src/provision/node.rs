//! The JavaScript clients of the tests, and a Node that is new enough to run them.
//!
//! Node itself comes as an npm package for the machine's platform, so that whatever Node the machine has needs only be
//! good enough to run npm. Where there is no such package, the machine's own has to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{Mode, cache};
use crate::process;
use crate::progress::Steps;

const OLDEST: u32 = 22;

/// Installs the locked packages and returns their `node_modules`.
///
/// # Errors
/// When npm can't install them, or no Node is new enough.
pub(super) fn packages(steps: &Steps, mode: Mode, clients: &Path) -> anyhow::Result<PathBuf> {
    let lock_file = clients.join("package-lock.json");
    let is_usable = |folder: &Path| is_new_enough(&binary(&folder.join("node_modules")));
    let folder = cache::folder("node", &lock_file, is_usable, |folder| {
        if mode == Mode::OnlyFind {
            bail!("the tests' Node packages are not installed. Type:\n\n    cargo xtask provision\n");
        }
        steps.note("installing the tests' Node packages");
        install(clients, folder)
    })?;
    let modules = folder.join("node_modules");
    if !is_new_enough(&binary(&modules)) {
        bail!("the tests need Node {OLDEST} or newer, which npm has not for this platform; install it from nodejs.org");
    }
    Ok(modules)
}

/// The Node that runs the packages.
pub(super) fn binary(modules: &Path) -> PathBuf {
    let locked = modules.join(".bin/node");
    if process::is_program(&locked) { locked } else { process::find("node").unwrap_or_else(|| "node".into()) }
}

fn install(clients: &Path, folder: &Path) -> anyhow::Result<()> {
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(clients.join(file), folder.join(file)).with_context(|| format!("can't copy {file} to the cache"))?;
    }
    // Install scripts are arbitrary code from a registry, and none of these packages needs one.
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    process::run(&mut npm).context("npm can't install the packages of tests/clients/node")
}

fn is_new_enough(node: &Path) -> bool {
    process::output(Command::new(node).arg("--version")).is_ok_and(|version| major(&version) >= Some(OLDEST))
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(major("v22.23.3"), Some(22));
        assert!(major("v9.11.2") < Some(OLDEST));
        assert!(major("not a version") < Some(OLDEST));
    }

    #[test]
    fn the_lock_file_names_no_registry() {
        let lock_file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/clients/node/package-lock.json");
        let lock: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(lock_file).expect("reads")).expect("is JSON");
        let packages = lock["packages"].as_object().expect("lists packages");
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package.get("integrity").is_some(), "{name} is not locked by its hash");
            assert!(package.get("resolved").is_none(), "{name} names the registry of the machine that locked it");
        }
    }
}
