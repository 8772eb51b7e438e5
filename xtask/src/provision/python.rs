//! The Python clients of the tests, in a virtual environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{Mode, cache};
use crate::process;
use crate::progress::Steps;

/// Installs the pinned packages and returns the environment's interpreter.
///
/// # Errors
/// When the environment can't be made or pip can't install the packages.
pub(super) fn environment(steps: &Steps, mode: Mode, clients: &Path) -> anyhow::Result<PathBuf> {
    let requirements = clients.join("requirements.txt");
    let interpreter = |folder: &Path| folder.join("bin/python");
    let is_usable = |folder: &Path| process::succeeds(Command::new(interpreter(folder)).args(["-c", "import mcp"]));
    let folder = cache::folder("python", &requirements, is_usable, |folder| {
        if mode == Mode::OnlyFind {
            bail!("the tests' Python packages are not installed. Type:\n\n    cargo xtask provision\n");
        }
        steps.note("installing the tests' Python packages");
        process::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let mut pip = Command::new(interpreter(folder));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&requirements);
        process::run(&mut pip).context("pip can't install tests/clients/python/requirements.txt")
    })?;
    Ok(interpreter(&folder))
}

/// Whether the machine's Python brings what a virtual environment needs.
pub(super) fn can_make_environments() -> bool {
    process::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_requirement_is_pinned() {
        let requirements = include_str!("../../../tests/clients/python/requirements.txt");
        for line in requirements.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (name, version) = line.split_once("==").unwrap_or_default();
            assert!(!name.is_empty() && !version.is_empty() && !version.contains('*'), "not pinned: {line}");
        }
    }
}
