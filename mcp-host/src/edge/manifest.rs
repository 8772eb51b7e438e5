//! Reads `spin.toml`, manifest version 2, and refuses what it can't honour.
//!
//! A key that Spin knows and this runtime does not offer, and a key that nobody knows, are both refused at start-up
//! with their place: a function must not run here under other conditions than on Spin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::error::EdgeError;
use super::variables::check_name;

/// What the runtime takes from a manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The file.
    pub(crate) path: PathBuf,
    /// `[application] name`.
    pub(crate) application: String,
    /// `[variables]`.
    pub(crate) variables: BTreeMap<String, Variable>,
    /// `[[trigger.http]]`, in their order.
    pub(crate) triggers: Vec<Trigger>,
    /// `[component.<id>]`.
    pub(crate) components: BTreeMap<String, ComponentEntry>,
}

/// An application variable: required when it has no default.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) default: Option<String>,
}

/// A route and the component that answers it.
#[derive(Debug)]
pub(crate) struct Trigger {
    pub(crate) component: String,
    pub(crate) route: String,
}

/// `[component.<id>]`.
#[derive(Debug, Deserialize)]
pub(crate) struct ComponentEntry {
    /// The component's file; absolute once the manifest is read.
    pub(crate) source: PathBuf,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(crate) key_value_stores: Vec<String>,
    #[serde(default)]
    pub(crate) sqlite_databases: Vec<String>,
}

const COMPONENT_KEYS: &[&str] = &[
    "source",
    "description",
    "variables",
    "environment",
    "allowed_outbound_hosts",
    "key_value_stores",
    "sqlite_databases",
    "build",
    "tool",
    "targets",
];
const COMPONENT_UNSUPPORTED: &[(&str, &str)] = &[
    ("files", "a function sees no files; compile what it needs into it"),
    ("exclude_files", "a function sees no files"),
    ("allowed_http_hosts", "write allowed_outbound_hosts, with scheme and port"),
    ("ai_models", "there is no language model here; call one over allowed_outbound_hosts"),
    ("dependencies", "compose the component when it is built"),
    ("dependencies_inherit_configuration", "compose the component when it is built"),
    ("profile", "write the component's source directly"),
];
const TRIGGER_KEYS: &[&str] = &["id", "component", "route"];
const TRIGGER_UNSUPPORTED: &[(&str, &str)] = &[
    ("components", "name one component in `component`"),
    ("dependencies", "compose the component when it is built"),
    ("static_response", "answer from a component"),
    ("executor", "leave it out: every component handles wasi:http"),
];
const APPLICATION_KEYS: &[&str] = &["name", "version", "description", "authors", "targets", "tool"];

impl Manifest {
    /// Reads and checks the file.
    pub(crate) fn read(path: &Path) -> Result<Self, EdgeError> {
        let text = std::fs::read_to_string(path).map_err(|source| EdgeError::Unreadable {
            what: "the manifest".into(),
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, EdgeError> {
        let reader = Reader { path };
        let mut root: Table = text.parse().map_err(|error: toml::de::Error| reader.refuse("the file", error))?;
        let known = ["spin_manifest_version", "application", "variables", "trigger", "component"];
        reader.check_keys("the manifest", &root, &known, &[])?;
        if root.get("spin_manifest_version").and_then(Value::as_integer) != Some(2) {
            return Err(reader.refuse("the manifest", "`spin_manifest_version` must be 2"));
        }
        let application = reader.table("[application]", root.remove("application"))?;
        let application_unsupported = [("trigger", "write full routes in [[trigger.http]]")];
        reader.check_keys("[application]", &application, APPLICATION_KEYS, &application_unsupported)?;
        let name = application.get("name").and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            path: path.to_owned(),
            application: name.ok_or_else(|| reader.refuse("[application]", "`name` must be a text"))?,
            variables: reader.variables(reader.table("[variables]", root.remove("variables"))?)?,
            components: reader.components(reader.table("[component]", root.remove("component"))?)?,
            triggers: reader.triggers(reader.table("[trigger]", root.remove("trigger"))?)?,
        })
        .and_then(|manifest: Self| {
            for trigger in &manifest.triggers {
                if !manifest.components.contains_key(&trigger.component) {
                    let place = format!("[[trigger.http]] {}", trigger.route);
                    return Err(reader.refuse(&place, format!("there is no [component.{}]", trigger.component)));
                }
            }
            Ok(manifest)
        })
    }
}

struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    fn refuse(&self, place: &str, reason: impl ToString) -> EdgeError {
        EdgeError::Manifest { path: self.path.to_owned(), place: place.to_owned(), reason: reason.to_string() }
    }

    fn table(&self, place: &str, value: Option<Value>) -> Result<Table, EdgeError> {
        match value {
            None => Ok(Table::new()),
            Some(Value::Table(table)) => Ok(table),
            Some(_) => Err(self.refuse(place, "must be a table")),
        }
    }

    fn check_keys(
        &self,
        place: &str,
        table: &Table,
        known: &[&str],
        unsupported: &[(&'static str, &'static str)],
    ) -> Result<(), EdgeError> {
        let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
        let (place, key) = (place.to_owned(), key.clone());
        Err(match unsupported.iter().find(|(name, _)| *name == key) {
            Some((_, instead)) => EdgeError::UnsupportedKey { place, key, instead },
            None => EdgeError::UnknownKey { place, key },
        })
    }

    fn variables(&self, table: Table) -> Result<BTreeMap<String, Variable>, EdgeError> {
        #[derive(Deserialize)]
        struct Entry {
            #[serde(default)]
            required: bool,
            default: Option<String>,
        }
        let mut variables = BTreeMap::new();
        for (name, value) in table {
            let place = format!("[variables] {name}");
            check_name(&name).map_err(|reason| self.refuse(&place, reason))?;
            let table = self.table(&place, Some(value))?;
            self.check_keys(&place, &table, &["required", "default", "secret", "description"], &[])?;
            let entry: Entry =
                table.try_into().map_err(|error: toml::de::Error| self.refuse(&place, error.message()))?;
            if entry.required == entry.default.is_some() {
                return Err(self.refuse(&place, "must have either `required = true` or a `default`"));
            }
            variables.insert(name, Variable { default: entry.default });
        }
        Ok(variables)
    }

    fn components(&self, table: Table) -> Result<BTreeMap<String, ComponentEntry>, EdgeError> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        let mut components = BTreeMap::new();
        for (id, value) in table {
            let place = format!("[component.{id}]");
            let table = self.table(&place, Some(value))?;
            self.check_keys(&place, &table, COMPONENT_KEYS, COMPONENT_UNSUPPORTED)?;
            if table.get("source").is_some_and(Value::is_table) {
                let instead = "give the path of a file; nothing is downloaded";
                return Err(EdgeError::UnsupportedKey { place, key: "source".into(), instead });
            }
            let mut entry: ComponentEntry =
                table.try_into().map_err(|error: toml::de::Error| self.refuse(&place, error.message()))?;
            for (key, labels) in
                [("sqlite_databases", &entry.sqlite_databases), ("key_value_stores", &entry.key_value_stores)]
            {
                if let Some(label) = labels.iter().find(|label| *label != "default") {
                    let reason =
                        format!("`{key}` has `{label}`; only `default` exists without a Spin runtime configuration");
                    return Err(self.refuse(&place, reason));
                }
            }
            entry.source = folder.join(&entry.source);
            components.insert(id, entry);
        }
        Ok(components)
    }

    fn triggers(&self, mut table: Table) -> Result<Vec<Trigger>, EdgeError> {
        let http = table.remove("http");
        if let Some(kind) = table.keys().next() {
            let instead = "only [[trigger.http]] is served";
            return Err(EdgeError::UnsupportedKey { place: "[trigger]".into(), key: kind.clone(), instead });
        }
        let entries = match http {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(self.refuse("[trigger]", "write [[trigger.http]] with two brackets")),
        };
        let mut triggers = Vec::new();
        for entry in entries {
            let table = self.table("[[trigger.http]]", Some(entry))?;
            let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
            let component = text("component");
            let place = format!("[[trigger.http]] of `{}`", component.as_deref().unwrap_or("?"));
            self.check_keys(&place, &table, TRIGGER_KEYS, TRIGGER_UNSUPPORTED)?;
            if table.get("route").is_some_and(Value::is_table) {
                let instead = "a private endpoint is reached by service chaining only; leave the trigger out";
                return Err(EdgeError::UnsupportedKey { place, key: "route".into(), instead });
            }
            triggers.push(Trigger {
                component: component.ok_or_else(|| self.refuse(&place, "`component` must be the id of a component"))?,
                route: text("route").ok_or_else(|| self.refuse(&place, "`route` must be a text"))?,
            });
        }
        Ok(triggers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
spin_manifest_version = 2
[application]
name = "bulkhead"
version = "0.1.0"
[variables]
url = { default = "http://localhost", description = "where" }
token = { required = true, secret = true }
[[trigger.http]]
route = "/v1/..."
component = "tools"
[component.tools]
source = "dist/tools.wasm"
allowed_outbound_hosts = ["{{ url }}"]
sqlite_databases = ["default"]
key_value_stores = ["default"]
[component.tools.variables]
token = "{{ token }}"
[component.tools.build]
command = "cargo build"
"#;

    fn parse(text: &str) -> Result<Manifest, EdgeError> {
        Manifest::parse(Path::new("/app/spin.toml"), text)
    }

    fn refusal(text: &str) -> String {
        parse(text).expect_err("must be refused").to_string()
    }

    #[test]
    fn a_manifest_is_read_and_its_paths_are_relative_to_it() {
        let manifest = parse(GOOD).expect("parses");
        assert_eq!(manifest.application, "bulkhead");
        assert_eq!(manifest.components["tools"].source, Path::new("/app/dist/tools.wasm"));
        assert_eq!(manifest.variables["url"].default.as_deref(), Some("http://localhost"));
        assert!(manifest.variables["token"].default.is_none());
        assert_eq!(
            (manifest.triggers[0].route.as_str(), manifest.triggers[0].component.as_str()),
            ("/v1/...", "tools")
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = refusal(&GOOD.replace("source =", "sauce = 1\nsource ="));
        assert!(error.contains("[component.tools]") && error.contains("`sauce`"), "{error}");
        let error = refusal(&GOOD.replace("name =", "nom = 1\nname ="));
        assert!(error.contains("[application]") && error.contains("`nom`"), "{error}");
        let error = refusal(&GOOD.replace("secret = true", "sekret = true"));
        assert!(error.contains("[variables] token") && error.contains("`sekret`"), "{error}");
        assert!(refusal(&format!("extra = 1\n{GOOD}")).contains("`extra`"));
    }

    #[test]
    fn what_spin_offers_and_this_runtime_does_not_is_refused_with_its_place() {
        for (key, value) in [
            ("files", "[\"*\"]"),
            ("exclude_files", "[]"),
            ("ai_models", "[\"llama\"]"),
            ("allowed_http_hosts", "[]"),
            ("dependencies", "{}"),
            ("dependencies_inherit_configuration", "true"),
            ("profile", "{}"),
        ] {
            let error = refusal(&GOOD.replace("[component.tools]\n", &format!("[component.tools]\n{key} = {value}\n")));
            assert!(error.contains("[component.tools]") && error.contains(&format!("`{key}`")), "{error}");
        }
        for (key, value) in [
            ("executor", "{ type = \"wagi\" }"),
            ("static_response", "{}"),
            ("components", "{}"),
            ("dependencies", "{}"),
        ] {
            let error = refusal(&GOOD.replace("route =", &format!("{key} = {value}\nroute =")));
            assert!(error.contains("`tools`") && error.contains(&format!("`{key}`")), "{error}");
        }
        assert!(refusal(&GOOD.replace("\"/v1/...\"", "{ private = true }")).contains("`route`"));
        assert!(refusal(&GOOD.replace("\"dist/tools.wasm\"", "{ url = \"x\", digest = \"y\" }")).contains("`source`"));
        assert!(refusal(&GOOD.replace("trigger.http", "trigger.redis")).contains("`redis`"));
        assert!(
            refusal(&GOOD.replace("[variables]", "[application.trigger.http]\nbase = \"/\"\n[variables]"))
                .contains("`trigger`")
        );
        assert!(refusal(&GOOD.replace("[\"default\"]\nkey", "[\"other\"]\nkey")).contains("`other`"));
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_refused() {
        assert!(refusal(&GOOD.replace("= 2\n", "= 1\n")).contains("spin_manifest_version"));
        assert!(refusal(&GOOD.replace("component = \"tools\"", "component = \"tool\"")).contains("[component.tool]"));
        assert!(refusal(&GOOD.replace("required = true", "required = true, default = \"x\"")).contains("token"));
        assert!(refusal(&GOOD.replace("{ required = true, secret = true }", "{ secret = true }")).contains("token"));
        assert!(refusal(&GOOD.replace("[[trigger.http]]", "[trigger.http]")).contains("two brackets"));
        assert!(refusal("not toml").contains("spin.toml"));
    }
}
