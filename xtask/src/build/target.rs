//! The compiler's target for components, and how to get it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::process;
use crate::progress::Steps;
use crate::workspace::Workspace;

/// Components are compiled for this target; its name says WASI 0.2, and components for WASI 0.3 use it too.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";

/// Makes sure that the compiler has the target's standard library.
///
/// # Errors
/// When it is missing and can't be added. The error is the instruction.
pub(crate) fn ensure_wasm_target(workspace: &Workspace, steps: &Steps) -> anyhow::Result<()> {
    if is_installed(&workspace.root) {
        return Ok(());
    }
    let Some(rustup) = process::find("rustup") else { bail!(without_rustup()) };
    steps.run(&format!("add the {WASM_TARGET} target"), || {
        let added =
            process::run(Command::new(rustup).current_dir(&workspace.root).args(["target", "add", WASM_TARGET]));
        match added {
            Ok(()) if is_installed(&workspace.root) => Ok(()),
            Ok(()) => bail!("rustup added {WASM_TARGET} to another toolchain than `rustc` is; {}", with_rustup()),
            Err(error) => bail!("{error:#}; {}", with_rustup()),
        }
    })
}

fn is_installed(root: &Path) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = process::output(Command::new(rustc).current_dir(root).args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]));
    folder.is_ok_and(|folder| has_standard_library(&PathBuf::from(folder)))
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
        "components can't be compiled without it. Once the network allows it, type:\n\n    rustup target add {WASM_TARGET}\n"
    )
}

fn without_rustup() -> String {
    format!(
        "the compiler lacks the {WASM_TARGET} target, and rustup, which would add it, is not on the PATH.\n\
         Install rustup (https://rustup.rs) and type:\n\n    rustup target add {WASM_TARGET}\n\n\
         Without rustup, Debian has what it takes to build the target's standard library:\n\n    \
         apt-get install rustc-web cargo-web rust-web-src rust-web-llvm lld-22 wasi-libc\n\n\
         then set RUSTC_BOOTSTRAP=1, CARGO_UNSTABLE_BUILD_STD=std,panic_abort, \
         CARGO_TARGET_WASM32_WASIP2_LINKER=wasm-component-ld and CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS=\"-L \
         native=<wasi-libc's library folder> -C link-self-contained=no -C link-arg=--wasm-ld-path=<wasm-ld-22>\".\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(with_rustup().contains("rustup target add wasm32-wasip2"));
        assert!(without_rustup().contains("apt-get install rustc-web"));
    }
}
