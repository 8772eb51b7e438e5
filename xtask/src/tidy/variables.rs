//! Secrets come to functions through Spin's variables, marked as secret. None is written down in `spin.toml`.

use toml::{Table, Value};

use super::{Tree, Violation};
use crate::workspace::Workspace;

const MANIFEST: &str = "spin.toml";

/// What the name of a secret ends in. A URL of a database has its password in it.
const SECRET: [&str; 8] =
    ["_key", "_keys", "_secret", "_secrets", "_password", "_clients", "_providers", "database_url"];

/// Ends in such a way, and is public.
const PUBLIC: [&str; 1] = ["token_keys"];

/// A secret without its mark would be shown by whatever shows variables; one with a value in the manifest is none.
pub(super) fn secrets(_: &Workspace, tree: &Tree) -> Vec<Violation> {
    // What is no manifest is another check's.
    let Some(manifest) = tree.text(MANIFEST).and_then(|text| text.parse::<Table>().ok()) else { return Vec::new() };
    let variables = manifest.get("variables").and_then(Value::as_table).into_iter().flatten();
    let mut violations = Vec::new();
    for (name, variable) in variables {
        let place = format!("{MANIFEST}: variable {name:?}");
        let is_marked = variable.get("secret").and_then(Value::as_bool) == Some(true);
        let looks_secret = SECRET.iter().any(|end| name.ends_with(end)) && !PUBLIC.contains(&name.as_str());
        if looks_secret && !is_marked {
            violations.push(Violation::new(&place, "mark it with secret = true"));
        }
        if is_marked && variable.get("default").and_then(Value::as_str).is_some_and(|default| !default.is_empty()) {
            violations.push(Violation::new(&place, "a secret's default is empty, or it has none"));
        }
    }
    let components = manifest.get("component").and_then(Value::as_table).into_iter().flatten();
    for (component, table) in components {
        let given = table.get("variables").and_then(Value::as_table).into_iter().flatten();
        for (name, value) in given {
            if value.as_str().is_none_or(|value| !(value.starts_with("{{") && value.ends_with("}}"))) {
                let place = format!("{MANIFEST}: variable {name:?} of [component.{component}]");
                violations.push(Violation::new(place, "take its value from a variable of the application: {{ name }}"));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::workspace::made_up;

    fn places(manifest: &str) -> Vec<String> {
        let workspace = made_up::workspace(Path::new("/w"), &[]);
        let violations = secrets(&workspace, &Tree::made_up(&[(MANIFEST, manifest)]));
        violations.into_iter().map(|violation| violation.place).collect()
    }

    #[test]
    fn a_secret_is_marked_and_not_written_down() {
        let marked = "[variables]\nsigning_keys = { default = \"\", secret = true }\ntoken_keys = { default = \"\" }\n";
        assert_eq!(places(marked), Vec::<String>::new());
        assert_eq!(places("[variables]\nsigning_keys = { default = \"\" }\n").len(), 1);
        assert_eq!(places("[variables]\nsigning_keys = { default = \"x\", secret = true }\n").len(), 1);
        assert_eq!(places("[variables]\ndatabase_url = { default = \"postgres://u:p@h/d\" }\n").len(), 1);
    }

    #[test]
    fn a_component_has_no_value_of_its_own() {
        let with = |value: &str| places(&format!("[component.auth.variables]\na = \"{value}\"\n"));
        assert_eq!(with("{{ a }}"), Vec::<String>::new());
        assert_eq!(with("hunter2"), ["spin.toml: variable \"a\" of [component.auth]"]);
    }
}
