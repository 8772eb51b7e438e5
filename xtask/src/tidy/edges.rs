//! Which package may depend on which.

use super::{Tree, Violation};
use crate::workspace::{Role, Workspace};

/// What would tie the domain to one way of running it.
const RUNTIMES: [&str; 5] = ["tokio", "rusqlite", "sqlx", "spin-sdk", "wasmtime"];

/// Every package has a place.
pub(super) fn layout(workspace: &Workspace, _: &Tree) -> Vec<Violation> {
    let misplaced = workspace.packages.iter().filter(|package| package.role(&workspace.root).is_none());
    misplaced
        .map(|package| {
            let folder = package.folder().display().to_string();
            Violation::new(folder, "move it below shared/, functions/, connectors/, tests/guests/ or to a part of its own in xtask/src/workspace.rs")
        })
        .collect()
}

/// The dependency rule between members of the workspace.
pub(super) fn between_packages(workspace: &Workspace, _: &Tree) -> Vec<Violation> {
    let role_of = |name: &str| workspace.packages.iter().find(|p| p.name == name)?.role(&workspace.root);
    let mut violations = Vec::new();
    for package in &workspace.packages {
        let Some(from) = package.role(&workspace.root) else { continue };
        for dependency in &package.dependencies {
            let Some(to) = role_of(&dependency.name) else { continue };
            let allowed = may_depend(from, to) || (dependency.is_dev() && may_test_with(from, to));
            if !allowed {
                let place = format!("{} -> {}", package.name, dependency.name);
                let remedy =
                    format!("a {from:?} may not depend on a {to:?}; move what it needs to where both may reach it");
                violations.push(Violation::new(place, remedy));
            }
        }
    }
    violations
}

/// What stays portable between a Spin function and the native host never names either's runtime. Tests may.
pub(super) fn to_the_outside(workspace: &Workspace, _: &Tree) -> Vec<Violation> {
    let portable = workspace.with_role(&[Role::Kernel, Role::Feature, Role::HttpApi]);
    let mut violations = Vec::new();
    for package in portable {
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.is_dev()) {
            if RUNTIMES.iter().any(|runtime| is_of_family(&dependency.name, runtime)) {
                let place = format!("{} -> {}", package.name, dependency.name);
                violations.push(Violation::new(place, "put a port in the kernel and implement it in the adapters"));
            }
        }
    }
    violations
}

/// `tokio-postgres` is of the family `tokio`.
fn is_of_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn may_depend(from: Role, to: Role) -> bool {
    use Role::*;
    match from {
        // The contract's helpers, WASI and xtask stand alone, and so does the kernel.
        Kernel | ConnectorKit | HostWasi | Xtask => false,
        Feature => matches!(to, Kernel | Feature),
        HttpApi => matches!(to, Kernel | Feature),
        // The Spin adapter serves http-api's router; otherwise an adapter knows only the ports.
        SpinAdapters => matches!(to, Kernel | HttpApi),
        NativeAdapters => matches!(to, Kernel),
        Testkit => matches!(to, Kernel | Feature | HttpApi | SpinAdapters | NativeAdapters),
        Function => matches!(to, Kernel | Feature | HttpApi | SpinAdapters),
        // A connector is written against the contract, as somebody outside of this repository would.
        Connector => matches!(to, ConnectorKit),
        Host => matches!(to, Kernel | Feature | HttpApi | NativeAdapters | HostWasi),
        Guest => matches!(to, ConnectorKit | Kernel | Feature | HttpApi | SpinAdapters | Testkit),
        SystemTests => matches!(to, Kernel | Feature | HttpApi | NativeAdapters | Testkit | Host),
        // It calls natively what it measures in the sandbox.
        Bench => !matches!(to, Function | Xtask),
        // It only reads the functions' descriptions of themselves.
        OpenApi => matches!(to, Function | HttpApi),
    }
}

/// What tests inside a package may use beyond that.
fn may_test_with(from: Role, to: Role) -> bool {
    // The matrix of routes and credentials makes its credentials itself.
    let makes_credentials = from == Role::OpenApi && matches!(to, Role::Kernel | Role::Feature);
    makes_credentials || !matches!(from, Role::Connector | Role::ConnectorKit | Role::Xtask) && to == Role::Testkit
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    fn nothing() -> Tree {
        Tree::made_up(&[])
    }

    fn with_edge(from: (&str, &str), to: (&str, &str), dependency: &str) -> Vec<Violation> {
        let workspace = made_up::workspace(Path::new("/w"), &[(from.0, from.1, &[dependency]), (to.0, to.1, &[])]);
        between_packages(&workspace, &nothing())
    }

    #[test]
    fn the_allowed_direction_passes_and_the_other_fails() {
        let (kernel, audit) = (("kernel", "shared/kernel"), ("audit", "shared/audit"));
        assert!(with_edge(audit, kernel, "kernel").is_empty());
        assert_eq!(with_edge(kernel, audit, "audit").len(), 1);
    }

    #[test]
    fn a_feature_crate_names_no_adapter_but_tests_with_the_testkit() {
        let audit = ("audit", "shared/audit");
        assert_eq!(with_edge(audit, ("sql", "shared/native-adapters"), "sql").len(), 1);
        assert_eq!(with_edge(audit, ("sql", "shared/native-adapters"), "dev:sql").len(), 1);
        assert!(with_edge(audit, ("testkit", "shared/testkit"), "dev:testkit").is_empty());
        assert_eq!(with_edge(audit, ("testkit", "shared/testkit"), "testkit").len(), 1);
    }

    #[test]
    fn a_connector_depends_on_the_kit_alone() {
        let toolbox = ("toolbox", "connectors/toolbox");
        assert!(with_edge(toolbox, ("kit", "connectors/kit"), "kit").is_empty());
        let violations = with_edge(toolbox, ("kernel", "shared/kernel"), "kernel");
        assert_eq!(violations[0].place, "toolbox -> kernel");
        assert_eq!(with_edge(toolbox, ("testkit", "shared/testkit"), "dev:testkit").len(), 1);
    }

    #[test]
    fn only_functions_and_the_host_name_an_adapter() {
        let spin = ("spin", "shared/spin-adapters");
        assert!(with_edge(("tools", "functions/tools"), spin, "spin").is_empty());
        assert_eq!(with_edge(("host", "mcp-host"), spin, "spin").len(), 1);
        assert_eq!(with_edge(("api", "shared/http-api"), spin, "spin").len(), 1);
    }

    #[test]
    fn a_feature_crate_names_no_runtime() {
        let check = |dependency| {
            let workspace = made_up::workspace(Path::new("/w"), &[("audit", "shared/audit", &[dependency])]);
            to_the_outside(&workspace, &nothing()).len()
        };
        assert_eq!(check("tokio"), 1);
        assert_eq!(check("wasmtime-wasi"), 1);
        assert_eq!(check("dev:tokio"), 0);
        assert_eq!(check("serde"), 0);
    }

    #[test]
    fn a_package_elsewhere_is_reported() {
        let workspace = made_up::workspace(Path::new("/w"), &[("helpers", "utils/helpers", &[])]);
        assert_eq!(layout(&workspace, &nothing()).len(), 1);
    }
}
