//! The workspace as cargo sees it: packages, the part that each plays, and what it depends on.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use crate::cargo::cargo;
use crate::process;

/// The members of the workspace and the folders that commands write to.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One member of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    targets: Vec<Target>,
    metadata: Option<Metadata>,
}

/// What only this repository's tools read of a `Cargo.toml`.
#[derive(Deserialize)]
struct Metadata {
    component: Option<ComponentMetadata>,
}

/// How a package becomes a component.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentMetadata {
    wasi: bool,
}

/// A library, binary, test or example of a package.
#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// What a package asks for in its `Cargo.toml`.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    kind: Option<String>,
}

/// The part that a package plays. It follows from its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Kernel,
    Feature,
    HttpApi,
    SpinAdapters,
    NativeAdapters,
    Testkit,
    Function,
    ConnectorKit,
    Connector,
    Host,
    HostWasi,
    SystemTests,
    Guest,
    Bench,
    OpenApi,
    Xtask,
}

impl Workspace {
    /// Asks cargo. Only members are listed; what they pull in from outside is not resolved.
    ///
    /// # Errors
    /// When cargo can't read the workspace.
    pub(crate) fn load() -> anyhow::Result<Self> {
        // Cargo names xtask's own folder when it runs it; a target folder shared by several checkouts makes the one
        // that was compiled in unreliable.
        let xtask =
            std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = xtask.parent().context("xtask is a folder of the workspace")?;
        let json = process::output(cargo(root).args(["metadata", "--format-version", "1", "--no-deps"]))?;
        serde_json::from_str(&json).context("cargo metadata has an unexpected shape")
    }

    /// The packages that play one of these parts.
    pub(crate) fn with_role(&self, wanted: &[Role]) -> Vec<&Package> {
        self.packages.iter().filter(|p| p.role(&self.root).is_some_and(|role| wanted.contains(&role))).collect()
    }

    /// What is compiled and tested natively: everything but the guests, and what is only ever a component. A function
    /// or connector whose library is an `rlib` besides has tests that run natively.
    pub(crate) fn native(&self) -> Vec<&Package> {
        let is_native = |p: &&Package| p.role(&self.root) != Some(Role::Guest) && !p.is_only_a_component();
        self.packages.iter().filter(is_native).collect()
    }

    /// The names of what is compiled natively. Every native build names all of them, whatever it builds of them: cargo
    /// chooses the features of a shared dependency by the packages that it is asked for, and another choice would
    /// compile Wasmtime once more.
    pub(crate) fn native_names(&self) -> impl Iterator<Item = &str> {
        self.native().into_iter().map(|package| package.name.as_str())
    }

    /// Where components go.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// A binary that `build` leaves behind.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }
}

impl Package {
    /// The package's folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The last part of the package's folder, for example `tools` in `functions/tools`.
    pub(crate) fn folder_name(&self) -> String {
        self.folder().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether it says that nothing in it needs WASI by the standard library. Many crates do, and would panic only when they
    /// run: so this is said, not assumed.
    pub(crate) fn does_without_wasi(&self) -> bool {
        self.metadata.as_ref().and_then(|metadata| metadata.component.as_ref()).is_some_and(|component| !component.wasi)
    }

    fn is_only_a_component(&self) -> bool {
        let mut kinds = self.targets.iter().flat_map(|target| &target.kind);
        !kinds.any(|kind| ["lib", "rlib", "bin", "proc-macro"].contains(&kind.as_str()))
    }

    /// `None` for a package outside of the layout.
    pub(crate) fn role(&self, root: &Path) -> Option<Role> {
        let path = self.folder().strip_prefix(root).ok()?;
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(match parts.as_slice() {
            ["shared", "kernel"] => Role::Kernel,
            ["shared", "http-api"] => Role::HttpApi,
            ["shared", "spin-adapters"] => Role::SpinAdapters,
            ["shared", "native-adapters"] => Role::NativeAdapters,
            ["shared", "testkit"] => Role::Testkit,
            ["shared", _] => Role::Feature,
            ["functions", _] => Role::Function,
            ["connectors", "kit"] => Role::ConnectorKit,
            ["connectors", _] => Role::Connector,
            ["mcp-host", "wasi"] => Role::HostWasi,
            ["mcp-host"] => Role::Host,
            ["tests"] => Role::SystemTests,
            ["tests", "guests", _] => Role::Guest,
            ["bench"] => Role::Bench,
            ["openapi"] => Role::OpenApi,
            ["xtask"] => Role::Xtask,
            _ => return None,
        })
    }
}

impl Dependency {
    /// Whether only tests and benchmarks see it.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// Workspaces made up for tests, in the shape that cargo prints.
#[cfg(test)]
pub(crate) mod made_up {
    use super::*;

    /// Packages from `(name, folder, dependencies)`; a dependency that starts with `dev:` is for tests only.
    pub(crate) fn workspace(root: &Path, packages: &[(&str, &str, &[&str])]) -> Workspace {
        let packages = packages
            .iter()
            .map(|(name, folder, dependencies)| Package {
                id: (*name).to_owned(),
                name: (*name).to_owned(),
                manifest_path: root.join(folder).join("Cargo.toml"),
                dependencies: dependencies.iter().map(|text| dependency(text)).collect(),
                targets: vec![Target { kind: vec!["cdylib".to_owned(), "rlib".to_owned()] }],
                metadata: None,
            })
            .collect();
        Workspace { root: root.to_owned(), target: root.join("target"), packages }
    }

    impl Package {
        pub(crate) fn set_does_without_wasi(&mut self) {
            self.metadata = Some(Metadata { component: Some(ComponentMetadata { wasi: false }) });
        }
    }

    fn dependency(text: &str) -> Dependency {
        match text.strip_prefix("dev:") {
            Some(name) => Dependency { name: name.to_owned(), kind: Some("dev".to_owned()) },
            None => Dependency { name: text.to_owned(), kind: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_decides_the_part() {
        let root = Path::new("/w");
        let workspace = made_up::workspace(
            root,
            &[
                ("a", "shared/audit", &[]),
                ("t", "functions/tools", &[]),
                ("x", "elsewhere/x", &[]),
                ("s", "tests", &[]),
            ],
        );
        let roles: Vec<_> = workspace.packages.iter().map(|p| p.role(root)).collect();
        assert_eq!(roles, [Some(Role::Feature), Some(Role::Function), None, Some(Role::SystemTests)]);
    }

    #[test]
    fn what_exists_only_as_a_component_is_not_native() {
        let root = Path::new("/w");
        let mut workspace = made_up::workspace(
            root,
            &[("t", "functions/tools", &[]), ("g", "tests/guests/hostile", &[]), ("c", "connectors/toolbox", &[])],
        );
        let names = |w: &Workspace| w.native().iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&workspace), ["t", "c"]);
        workspace.packages[0].targets = vec![Target { kind: vec!["cdylib".to_owned()] }];
        assert_eq!(names(&workspace), ["c"]);
    }
}
