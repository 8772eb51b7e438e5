//! What `inspect` says of a connector.

use bulkhead_connectors::Tool;
use serde_json::{Value, json};

use super::source::Source;
use super::table;
use crate::sandbox::{Connector, ConnectorManifest, LeftOut, RequestedGrants, Surface};

/// The contract's package, as exports name it.
const CONTRACT: &str = "bulkhead:connector/";

/// What was found out.
pub(super) struct Report<'a> {
    source: &'a Source,
    surface: &'a Surface,
    /// The connector as it would be installed, or why it can't be.
    connector: Result<&'a Connector, &'a String>,
    /// Whether it is signed by a trusted key, or what is wrong; `false` when nobody demands it.
    signed: Result<bool, String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        source: &'a Source,
        surface: &'a Surface,
        connector: Result<&'a Connector, &'a String>,
        signed: Result<bool, String>,
    ) -> Self {
        Self { source, surface, connector, signed }
    }

    /// The contract's interfaces that it exports.
    fn interfaces(&self) -> Vec<&str> {
        self.surface.exports().iter().filter_map(|name| name.strip_prefix(CONTRACT)).collect()
    }

    fn tools(&self) -> &[Tool] {
        self.connector.map_or(&[], |connector| connector.entry().tools.as_slice())
    }

    fn left_out(&self) -> &[LeftOut] {
        self.connector.map_or(&[], Connector::left_out)
    }

    /// Its own manifest; a component alone has none.
    fn manifest(&self) -> Option<&ConnectorManifest> {
        self.source.has_manifest.then_some(&self.source.package.manifest)
    }

    fn requested(&self) -> &RequestedGrants {
        &self.source.package.requested
    }

    fn problem(&self) -> Option<&str> {
        self.connector.err().map(String::as_str)
    }

    fn signature(&self) -> &str {
        match &self.signed {
            Ok(true) => "by a trusted key",
            Ok(false) => "not required",
            Err(why) => why,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let package = &self.source.package;
        let listed = self.connector.ok();
        let prompts = listed.map(|connector| connector.prompts().iter().map(|prompt| &prompt.name).collect::<Vec<_>>());
        let settings = self.manifest().map(|manifest| {
            let settings = manifest.settings.iter().map(|(name, setting)| {
                json!({
                    "name": name,
                    "description": setting.description,
                    "required": setting.required,
                    "default": setting.default,
                    "env": setting.env,
                })
            });
            settings.collect::<Vec<_>>()
        });
        json!({
            "component": self.source.component,
            "kind": if self.surface.is_contract() { "contract" } else { "plain" },
            "interfaces": self.interfaces(),
            "bytes": package.wasm.len(),
            "digest": package.digest,
            "imports": self.surface.imports(),
            "exports": self.surface.exports(),
            "slug": self.manifest().map(|manifest| &manifest.slug),
            "version": self.manifest().map(|manifest| &manifest.version),
            "usable": self.connector.is_ok(),
            "problem": self.problem(),
            "origin": self.source.origin,
            "ignored_layers": self.source.ignored_layers,
            "signature": { "valid": self.signed.is_ok(), "detail": self.signature() },
            "tools": self.tools(),
            "left_out": self.left_out(),
            "prompts": prompts.unwrap_or_default(),
            "resources": listed.map(|connector| &connector.listing().resources),
            "resource_templates": listed.map(|connector| &connector.listing().templates),
            "settings": settings.unwrap_or_default(),
            "requests": self.requested(),
            "requests_digest": self.requested().digest(),
        })
    }

    pub(super) fn to_text(&self) -> String {
        self.text(true)
    }

    /// What its author wants to see after a build.
    pub(super) fn to_summary(&self) -> String {
        self.text(false)
    }

    fn text(&self, whole: bool) -> String {
        let package = &self.source.package;
        let interfaces = self.interfaces();
        let kind = match interfaces.as_slice() {
            [] => "plain: every function that it exports is a tool".to_owned(),
            interfaces => format!("keeps the contract: {}", interfaces.join(", ")),
        };
        let mut facts = vec![("component", self.source.component.display().to_string()), ("kind", kind)];
        if let Some(manifest) = self.manifest() {
            facts.push(("connector", format!("{} {}, {}", manifest.slug, manifest.version, manifest.name)));
        }
        facts.push(("size", format!("{} bytes", package.wasm.len())));
        facts.push(("digest", package.digest.clone()));
        facts.extend(self.source.origin.iter().map(|origin| ("artifact", origin.manifest_digest.clone())));
        if !self.source.ignored_layers.is_empty() {
            let types: Vec<_> = self.source.ignored_layers.iter().map(|media_type| first_line(media_type)).collect();
            facts.push(("ignored", format!("other layers: {}", types.join(", "))));
        }
        if whole {
            facts.push(("signature", self.signature().to_owned()));
        }
        facts.push(("runs here", self.problem().map_or_else(|| "yes".to_owned(), |problem| format!("no: {problem}"))));
        let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let lines: Vec<String> = facts.iter().map(|(name, fact)| format!("{name:width$}  {fact}")).collect();
        let mut parts = vec![lines.join("\n")];
        let mut part = |title: &str, rows: Vec<String>| {
            let rows = if rows.is_empty() { vec!["nothing".to_owned()] } else { rows };
            parts.push(format!("{title}\n  {}", rows.join("\n  ")));
        };
        if whole {
            part("IMPORTS", self.surface.imports().to_vec());
            part("EXPORTS", self.surface.exports().to_vec());
        }
        part("ASKS FOR", self.requested().lines());
        if let Some(manifest) = self.manifest().filter(|manifest| !manifest.settings.is_empty()) {
            let rows = manifest.settings.iter().map(|(name, setting)| {
                let default = setting.default.clone().unwrap_or_default();
                [
                    name.clone(),
                    if setting.required { "yes" } else { "no" }.to_owned(),
                    default,
                    first_line(&setting.description),
                ]
            });
            parts.push(table(["SETTING", "REQUIRED", "DEFAULT", "WHAT IT IS FOR"], rows));
        }
        if !self.tools().is_empty() {
            let rows = self.tools().iter().map(|tool| {
                let kind = if tool.annotations.read_only_hint { "reads" } else { "changes" };
                [tool.name.to_string(), kind.to_owned(), first_line(&tool.description)]
            });
            parts.push(table(["TOOL", "SAYS THAT IT", "WHAT IT DOES"], rows));
        }
        if !self.left_out().is_empty() {
            let rows = self.left_out().iter().map(|one| [printable(&one.function), printable(&one.reason)]);
            parts.push(table(["NO TOOL", "WHY"], rows));
        }
        parts.join("\n\n")
    }
}

fn first_line(text: &str) -> String {
    printable(text.lines().next().unwrap_or_default()).chars().take(80).collect()
}

/// What a component says of itself may hold anything, also what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
