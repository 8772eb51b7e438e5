//! The compiler's targets for components, and how to get them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::process;
use crate::progress::Steps;
use crate::workspace::{Package, Workspace};

/// For components whose crates or standard library ask for WASI. Its name says WASI 0.2, and components for WASI 0.3 use it
/// too.
const WASI_TARGET: &str = "wasm32-wasip2";
/// For components whose code and crates need nothing of WASI by the standard library. `.cargo/config.toml` has the linker that makes components.
const BARE_TARGET: &str = "wasm32-unknown-unknown";
const TARGETS: [&str; 2] = [WASI_TARGET, BARE_TARGET];

/// The targets for which these packages are compiled, and which of them for each.
pub(crate) fn by_target<'a>(packages: &[&'a Package]) -> impl Iterator<Item = (&'static str, Vec<&'a Package>)> {
    let (bare, wasi) = packages.iter().partition(|package| package.does_without_wasi());
    [(WASI_TARGET, wasi), (BARE_TARGET, bare)].into_iter().filter(|(_, packages): &(_, Vec<_>)| !packages.is_empty())
}

/// Makes sure that the compiler has the targets' standard libraries.
///
/// # Errors
/// When one is missing and can't be added. The error is the instruction.
pub(crate) fn ensure_wasm_targets(workspace: &Workspace, steps: &Steps) -> anyhow::Result<()> {
    let missing = || TARGETS.into_iter().filter(|target| !is_installed(&workspace.root, target)).collect::<Vec<_>>();
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let Some(rustup) = process::find("rustup") else { bail!(without_rustup()) };
    steps.run(&format!("add the target {}", wanted.join(" and ")), || {
        let mut add = Command::new(rustup);
        match process::run(add.current_dir(&workspace.root).args(["target", "add"]).args(&wanted)) {
            Ok(()) if missing().is_empty() => Ok(()),
            Ok(()) => bail!("rustup added it to another toolchain than `rustc` is; {}", with_rustup()),
            Err(error) => bail!("{error:#}; {}", with_rustup()),
        }
    })
}

fn is_installed(root: &Path, target: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut ask = Command::new(rustc);
    ask.current_dir(root).args(["--print", "target-libdir", "--target", target]);
    process::output(&mut ask).is_ok_and(|folder| has_standard_library(&PathBuf::from(folder)))
}

fn has_standard_library(folder: &Path) -> bool {
    folder.read_dir().is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

fn with_rustup() -> String {
    format!(
        "components can't be compiled without it. Once the network allows it, type:\n\n    rustup target add {}\n",
        TARGETS.join(" ")
    )
}

fn without_rustup() -> String {
    format!(
        "the compiler lacks the targets for components, and rustup, which would add them, is not on the PATH.\n\
         Install rustup (https://rustup.rs) and type:\n\n    rustup target add {}\n\n\
         Without rustup, Debian has what it takes to build the targets' standard libraries:\n\n    \
         apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 wasi-libc\n\n\
         then set RUSTC_BOOTSTRAP=1, CARGO_UNSTABLE_BUILD_STD=std,panic_abort, \
         CARGO_TARGET_WASM32_WASIP2_LINKER=wasm-component-ld, CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS=\"-L \
         native=<wasi-libc's library folder> -C link-self-contained=no -C link-arg=--wasm-ld-path=<wasm-ld-22>\" and \
         CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=\"-C link-arg=--wasm-ld-path=<wasm-ld-22>\".\n",
        TARGETS.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Role, made_up};

    #[test]
    fn what_does_without_wasi_has_a_target_of_its_own() {
        let packages: [(&str, &str, &[&str]); 3] = [
            ("tools", "functions/tools", &[]),
            ("toolbox", "connectors/toolbox", &[]),
            ("echo", "tests/guests/echo", &[]),
        ];
        let mut workspace = made_up::workspace(Path::new("/w"), &packages);
        workspace.packages[2].set_does_without_wasi();
        let of = |roles: &[Role]| {
            let packages = workspace.with_role(roles);
            by_target(&packages)
                .map(|(target, packages)| (target, packages.iter().map(|p| p.name.clone()).collect()))
                .collect::<Vec<(_, Vec<_>)>>()
        };
        let wasi = ["tools", "toolbox"].map(str::to_owned).to_vec();
        let bare = vec!["echo".to_owned()];
        assert_eq!(
            of(&[Role::Function, Role::Connector, Role::Guest]),
            [(WASI_TARGET, wasi), (BARE_TARGET, bare.clone())]
        );
        assert_eq!(of(&[Role::Guest]), [(BARE_TARGET, bare)]);
    }

    #[test]
    fn a_target_is_there_when_its_standard_library_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(!has_standard_library(folder.path()));
        std::fs::write(folder.path().join("libcore-1.rlib"), "").expect("writes");
        assert!(!has_standard_library(folder.path()));
        std::fs::write(folder.path().join("libstd-1.rlib"), "").expect("writes");
        assert!(has_standard_library(folder.path()));
    }

    #[test]
    fn the_instruction_is_a_line_to_type() {
        assert!(with_rustup().contains("rustup target add wasm32-wasip2 wasm32-unknown-unknown\n"));
        assert!(without_rustup().contains("apt-get install rustc-web"));
    }
}
