//! The tools that make a component of source, language by language, and what to install where one is missing.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::wit::Wit;
use crate::sandbox::COMPONENT;

/// The target whose output is a component. Its name says WASI 0.2, and components for WASI 0.3 use it too.
const TARGET: &str = "wasm32-wasip2";

/// What a folder is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// cargo.
    Rust,
    /// jco and componentize-js.
    JavaScript,
    /// componentize-py.
    Python,
    /// Another one, which has made the component already.
    Other,
}

/// What of cargo's messages matters.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// What of npm's `package.json` matters.
#[derive(Deserialize)]
struct NodePackage {
    main: Option<PathBuf>,
}

impl Toolchain {
    /// That of a folder, by its files.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let marks = [
            ("Cargo.toml", Self::Rust),
            ("package.json", Self::JavaScript),
            ("connector.py", Self::Python),
            (COMPONENT, Self::Other),
        ];
        marks.into_iter().find(|(file, _)| folder.join(file).is_file()).map(|(_, toolchain)| toolchain)
    }

    /// Makes the folder's component. What the tools say goes to standard error.
    pub(super) fn build(self, folder: &Path, wit: Option<&Wit>) -> anyhow::Result<Vec<u8>> {
        let folder = folder.canonicalize().with_context(|| format!("{} can't be read", folder.display()))?;
        let output = tempfile::tempdir().context("there is no room for temporary files")?;
        let file = output.path().join(COMPONENT);
        let file = match self {
            Self::Rust => cargo(&folder)?,
            Self::JavaScript => jco(&folder, wit, &file).map(|()| file)?,
            Self::Python => componentize_py(&folder, wit, &file).map(|()| file)?,
            Self::Other => folder.join(COMPONENT),
        };
        fs::read(&file).with_context(|| format!("{} can't be read", file.display()))
    }
}

fn cargo(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new("cargo");
    command.current_dir(folder).args(["build", "--release", "--target", TARGET]);
    command.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let output = run(&mut command, || "install Rust: https://rustup.rs".to_owned())?;
    if !output.status.success() {
        if !has_target(folder) {
            bail!("Rust can't make components yet; type: rustup target add {TARGET}");
        }
        bail!("cargo ended with {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    built(&messages, &folder.join("Cargo.toml")).with_context(|| {
        format!("{}: no component was built; its [lib] needs crate-type = [\"cdylib\"]", folder.display())
    })
}

/// The component among cargo's messages.
fn built(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let of_package = messages
        .filter(|message| message.reason == "compiler-artifact" && message.manifest_path.as_deref() == Some(manifest));
    of_package.flat_map(|message| message.filenames).find(|file| file.extension().is_some_and(|e| e == "wasm"))
}

/// Whether the compiler has the target's standard library.
fn has_target(folder: &Path) -> bool {
    let mut command = Command::new("rustc");
    command.current_dir(folder).args(["--print", "target-libdir", "--target", TARGET]);
    let Ok(output) = command.output() else { return false };
    let library = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    library.read_dir().is_ok_and(|files| files.flatten().any(|file| is_std(&file.file_name().to_string_lossy())))
}

fn jco(folder: &Path, wit: Option<&Wit>, output: &Path) -> anyhow::Result<()> {
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
    let package: NodePackage = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let wit = required(folder, wit)?;
    let programs = folder.join("node_modules/.bin");
    let mut command = Command::new(local_or_on_path(&programs, "jco"));
    command.current_dir(folder).env("PATH", first_on_path(&programs)).arg("componentize");
    command.arg(package.main.unwrap_or_else(|| "connector.js".into())).arg("--wit").arg(absolute(&wit.folder)?);
    command.args(["--world-name", wit.world()]).arg("--out").arg(output);
    succeed(&mut command, || {
        format!("with Node 22 or newer (https://nodejs.org) type: npm install --prefix {}", folder.display())
    })
}

fn componentize_py(folder: &Path, wit: Option<&Wit>, output: &Path) -> anyhow::Result<()> {
    let wit = required(folder, wit)?;
    let environment = folder.join(".venv");
    let programs = environment.join("bin");
    let mut command = Command::new(local_or_on_path(&programs, "componentize-py"));
    if environment.is_dir() {
        // So that it finds what is installed there.
        command.env("VIRTUAL_ENV", &environment).env("PATH", first_on_path(&programs));
    }
    command.current_dir(folder).arg("--wit-path").arg(absolute(&wit.folder)?).args(["--world", wit.world()]);
    command.args(["componentize", "connector", "--python-path", ".", "--output"]).arg(output);
    succeed(&mut command, || {
        let shown = folder.display();
        format!("type: python3 -m venv {shown}/.venv && {shown}/.venv/bin/pip install -r {shown}/requirements.txt")
    })
}

fn required<'a>(folder: &Path, wit: Option<&'a Wit>) -> anyhow::Result<&'a Wit> {
    wit.with_context(|| format!("{} has no folder wit, which says what the component exports", folder.display()))
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    path.canonicalize().with_context(|| format!("{} can't be read", path.display()))
}

/// The program that a folder has of its own, or any that the machine has.
fn local_or_on_path(programs: &Path, name: &str) -> PathBuf {
    let local = programs.join(name);
    if local.is_file() { local } else { name.into() }
}

/// The search path with this folder in front, as npm and virtual environments have it.
#[expect(clippy::disallowed_methods, reason = "where programs are is no setting of this one")]
fn first_on_path(folder: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

fn succeed(command: &mut Command, instruction: impl FnOnce() -> String) -> anyhow::Result<()> {
    let name = name(command);
    // Standard output is for the result.
    let output = run(command.stdout(std::io::stderr()), instruction)?;
    if !output.status.success() {
        bail!("{name} ended with {}", output.status);
    }
    Ok(())
}

/// Runs a tool. What is not installed ends with the instruction.
fn run(command: &mut Command, instruction: impl FnOnce() -> String) -> anyhow::Result<Output> {
    let name = name(command);
    match command.stdin(Stdio::null()).stderr(Stdio::inherit()).spawn() {
        Ok(child) => child.wait_with_output().with_context(|| format!("{name} can't be waited for")),
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("{name} is not installed; {}", instruction()),
        Err(error) => Err(error).with_context(|| format!("{name} can't be started")),
    }
}

fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_its_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(Toolchain::of(folder.path()), None);
        for (file, toolchain) in [
            (COMPONENT, Toolchain::Other),
            ("connector.py", Toolchain::Python),
            ("package.json", Toolchain::JavaScript),
            ("Cargo.toml", Toolchain::Rust),
        ] {
            fs::write(folder.path().join(file), "").expect("writes");
            assert_eq!(Toolchain::of(folder.path()), Some(toolchain));
        }
    }

    #[test]
    fn the_packages_own_component_is_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/other/Cargo.toml","filenames":["/t/other.wasm"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","filenames":["/t/a.rlib","/t/a.wasm"]}"#,
            "\nnot json\n",
        );
        assert_eq!(built(messages, Path::new("/a/Cargo.toml")), Some(PathBuf::from("/t/a.wasm")));
        assert_eq!(built(messages, Path::new("/b/Cargo.toml")), None);
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        let mut command = Command::new("/nowhere/no-such-program");
        let error = run(&mut command, || "do this".to_owned()).expect_err("is missing").to_string();
        assert_eq!(error, "no-such-program is not installed; do this");
    }
}
