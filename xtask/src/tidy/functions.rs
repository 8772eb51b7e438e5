//! `functions/` and `spin.toml` list the same things.

use toml::{Table, Value};

use super::{Tree, Violation};
use crate::workspace::{Role, Workspace};

const MANIFEST: &str = "spin.toml";

/// A function that the manifest forgets is compiled and never served.
pub(super) fn registered(workspace: &Workspace, tree: &Tree) -> Vec<Violation> {
    let manifest = match parse(tree) {
        Ok(manifest) => manifest,
        Err(violation) => return vec![violation],
    };
    let mut violations = Vec::new();
    for name in workspace.with_role(&[Role::Function]).iter().map(|package| package.folder_name()) {
        let place = format!("functions/{name}");
        let source = format!("dist/functions/{name}.wasm");
        match components(&manifest).and_then(|components| components.get(&name)) {
            None => violations.push(Violation::new(&place, format!("add [component.{name}] to {MANIFEST}"))),
            Some(component) if component.get("source").and_then(Value::as_str) != Some(&source) => {
                let remedy = format!("the source of [component.{name}] in {MANIFEST} has to be {source:?}");
                violations.push(Violation::new(&place, remedy));
            }
            Some(_) => {}
        }
        if !routes(&manifest).any(|(_, component)| component == name) {
            violations.push(Violation::new(&place, format!("add a [[trigger.http]] for {name} to {MANIFEST}")));
        }
    }
    violations
}

/// A component that no folder makes can't be built, and the whole application does not start.
pub(super) fn known(workspace: &Workspace, tree: &Tree) -> Vec<Violation> {
    let Ok(manifest) = parse(tree) else { return Vec::new() };
    let functions: Vec<_> = workspace.with_role(&[Role::Function]).iter().map(|p| p.folder_name()).collect();
    let declared = components(&manifest).into_iter().flat_map(Table::keys).filter(|name| !functions.contains(name));
    let mut violations: Vec<_> = declared
        .map(|name| {
            Violation::new(format!("{MANIFEST}: [component.{name}]"), format!("add functions/{name} or remove it"))
        })
        .collect();
    for (route, component) in routes(&manifest) {
        if !components(&manifest).is_some_and(|components| components.contains_key(component)) {
            let remedy = format!("the route leads to {component:?}, which is no [component]");
            violations.push(Violation::new(format!("{MANIFEST}: route {route:?}"), remedy));
        }
    }
    violations.extend(overlaps(&manifest));
    violations
}

/// Routes below another component's wildcard. Which of the two answers hangs on the other routes: the library with which Spin
/// looks them up has no order once one of them has a dot.
fn overlaps(manifest: &Table) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (wildcard, owner) in routes(manifest) {
        let Some(prefix) = wildcard.strip_suffix("...") else { continue };
        // A wildcard covers the path before it too.
        let is_below = |route: &str| route.starts_with(prefix) || route == prefix.trim_end_matches('/');
        for (route, _) in routes(manifest).filter(|(route, other)| *other != owner && is_below(route)) {
            let remedy = format!("is below {wildcard:?} of {owner:?}: say that one's routes one by one");
            violations.push(Violation::new(format!("{MANIFEST}: route {route:?}"), remedy));
        }
    }
    violations
}

fn parse(tree: &Tree) -> Result<Table, Violation> {
    let text = tree.text(MANIFEST).ok_or_else(|| Violation::new(MANIFEST, "is missing: add Spin's manifest"))?;
    text.parse().map_err(|error| Violation::new(MANIFEST, format!("is not TOML: {error}")))
}

fn components(manifest: &Table) -> Option<&Table> {
    manifest.get("component")?.as_table()
}

/// Each route with the component that it leads to. A route of another form than text is a private one.
fn routes(manifest: &Table) -> impl Iterator<Item = (&str, &str)> {
    let triggers = manifest.get("trigger").and_then(|trigger| trigger.get("http")?.as_array());
    triggers.into_iter().flatten().filter_map(|trigger| {
        let route = trigger.get("route").and_then(Value::as_str).unwrap_or("private");
        Some((route, trigger.get("component")?.as_str()?))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    fn workspace() -> Workspace {
        made_up::workspace(Path::new("/w"), &[("tools", "functions/tools", &[])])
    }

    const GOOD: &str = "[[trigger.http]]\nroute = '/v1/...'\ncomponent = 'tools'\n\
                        [component.tools]\nsource = 'dist/functions/tools.wasm'\n";

    #[test]
    fn a_function_with_component_and_route_passes() {
        let tree = Tree::made_up(&[(MANIFEST, GOOD)]);
        assert!(registered(&workspace(), &tree).is_empty());
        assert!(known(&workspace(), &tree).is_empty());
    }

    #[test]
    fn a_missing_manifest_component_route_or_source_fails() {
        let count = |text: &str| registered(&workspace(), &Tree::made_up(&[(MANIFEST, text)])).len();
        assert_eq!(registered(&workspace(), &Tree::made_up(&[])).len(), 1);
        assert_eq!(count("not toml"), 1);
        assert_eq!(count(""), 2);
        assert_eq!(count("[component.tools]\nsource = 'dist/functions/tools.wasm'"), 1);
        assert_eq!(count(&GOOD.replace("functions/tools.wasm", "tools.wasm")), 1);
    }

    #[test]
    fn a_component_or_route_to_nowhere_fails() {
        let extra = format!("{GOOD}[component.ghost]\nsource = 'x.wasm'\n");
        assert_eq!(known(&workspace(), &Tree::made_up(&[(MANIFEST, &extra)])).len(), 1);
        let lost = format!("[[trigger.http]]\nroute = '/x'\ncomponent = 'nobody'\n{GOOD}");
        let violations = known(&workspace(), &Tree::made_up(&[(MANIFEST, &lost)]));
        assert_eq!(violations.len(), 1);
        assert!(violations[0].place.contains("/x"));
    }

    #[test]
    fn a_route_below_anothers_wildcard_fails() {
        let overlapping = |route: &str, component: &str| {
            let further = format!("{GOOD}[[trigger.http]]\nroute = '{route}'\ncomponent = '{component}'\n");
            let manifest: Table = further.parse().expect("TOML");
            overlaps(&manifest).len()
        };
        assert_eq!(["/v1/x", "/v1/x/...", "/v1"].map(|route| overlapping(route, "auth")), [1, 1, 1]);
        assert_eq!([overlapping("/v1/x", "tools"), overlapping("/v10/x", "auth")], [0, 0]);
    }
}
