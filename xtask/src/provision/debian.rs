//! Installing programs as Debian packages.

use std::process::Command;

use anyhow::{Context, bail};

use super::Mode;
use crate::process;
use crate::progress::Steps;

/// Installs packages and starts none of their services.
///
/// Debian starts a package's service as it installs it, and a PostgreSQL, a Prometheus or a registry on its usual port is
/// not what somebody asked for who wanted to run tests. A `policy-rc.d` that says no prevents it; the script removes it
/// again however it ends, and leaves one alone that was there before.
const INSTALL: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
"#;

/// Installs what is missing, where it may.
///
/// # Errors
/// When it may not or can't; the error is the line to type.
pub(super) fn install(steps: &Steps, mode: Mode, missing: &[&str]) -> anyhow::Result<()> {
    if mode == Mode::OnlyFind || process::find("apt-get").is_none() || !is_root()? {
        bail!(instruction(missing));
    }
    steps.note(&format!("installing {}", missing.join(", ")));
    process::run(Command::new("sh").args(["-c", INSTALL, "install"]).args(missing))
        .with_context(|| instruction(missing))
}

/// Whether this process may install packages.
fn is_root() -> anyhow::Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))? == "0")
}

fn instruction(missing: &[&str]) -> String {
    let line = if process::find("apt-get").is_some() {
        format!("sudo apt-get install -y --no-install-recommends {}", missing.join(" "))
    } else if process::find("brew").is_some() {
        let formula = |package: &&str| match *package {
            "postgresql" => "postgresql@17",
            "npm" => "node",
            "python3" | "python3-venv" => "python",
            _ => "prometheus",
        };
        let formulae: Vec<_> = missing.iter().filter(|package| **package != "docker-registry").map(formula).collect();
        let registry = match formulae.len() == missing.len() {
            true => "",
            false => "\n    and put `registry` of https://github.com/distribution/distribution/releases on the PATH",
        };
        if formulae.is_empty() { registry.to_owned() } else { format!("brew install {}{registry}", formulae.join(" ")) }
    } else {
        format!("install with your system's package manager: {}", missing.join(" "))
    };
    format!("the tests need {}. Type:\n\n    {line}\n", missing.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_installed_when_told_so() {
        let error = install(&Steps::start(), Mode::OnlyFind, &["prometheus"]).expect_err("refuses");
        let text = format!("{error:#}");
        assert!(text.contains("the tests need prometheus. Type:"), "{text}");
    }
}
