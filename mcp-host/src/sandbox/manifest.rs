//! `connector.toml`: what a connector is, and what it asks for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulkhead_connectors::{AuthType, Slug};
use serde::{Deserialize, Serialize};

use super::grants::{Grant, GrantError, Grants};
use super::limits::Limits;

/// A connector's manifest. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorManifest {
    /// Its name in addresses; the folder's name.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// How an account is connected.
    pub auth: Auth,
    /// What the operator may or must set.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// Where it wants to send requests.
    #[serde(default)]
    pub outbound: Vec<Outbound>,
    /// Where the defaults don't fit.
    #[serde(default)]
    pub limits: ManifestLimits,
}

/// How an account is connected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// By which method.
    #[serde(rename = "type")]
    pub kind: AuthType,
}

/// A setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it is for.
    pub description: String,
    /// What values it takes.
    #[serde(default, rename = "type")]
    pub kind: SettingType,
    /// Whether the connector is of no use without it.
    #[serde(default)]
    pub required: bool,
    /// Its value when the operator gives none.
    #[serde(default)]
    pub default: Option<String>,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingType {
    /// Any text.
    #[default]
    String,
    /// An absolute http or https URL without user, query and fragment.
    Url,
}

/// A place to send requests to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// `host` or `host:port`, reached by https; or `{{ settings.NAME }}`, a setting of type `url`.
    pub host: String,
    /// HTTP methods.
    pub methods: Vec<String>,
    /// Paths: exactly this one, or everything below when it ends in `/*`. Every path when absent.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
}

/// Limits, of the manifest or the operator's configuration. What is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLimits {
    /// Linear memory.
    pub memory_mib: Option<u32>,
    /// CPU time.
    pub cpu_ms: Option<u64>,
    /// Time from start to end.
    pub wall_clock_ms: Option<u64>,
    /// The result's JSON.
    pub result_kib: Option<u32>,
    /// Outgoing requests.
    pub outbound_requests: Option<u64>,
    /// Response bodies.
    pub received_kib: Option<u64>,
    /// Request bodies.
    pub sent_kib: Option<u64>,
    /// Logged events.
    pub log_events: Option<usize>,
}

impl ManifestLimits {
    /// These limits over the given ones.
    #[must_use]
    pub fn over(self, base: Limits) -> Limits {
        Limits {
            memory_bytes: self.memory_mib.map_or(base.memory_bytes, |mib| (mib as usize) << 20),
            cpu_time: self.cpu_ms.map_or(base.cpu_time, Duration::from_millis),
            wall_time: self.wall_clock_ms.map_or(base.wall_time, Duration::from_millis),
            result_bytes: self.result_kib.map_or(base.result_bytes, |kib| (kib as usize) << 10),
            outbound_requests: self.outbound_requests.unwrap_or(base.outbound_requests),
            received_bytes: self.received_kib.map_or(base.received_bytes, |kib| kib.saturating_mul(1024)),
            sent_bytes: self.sent_kib.map_or(base.sent_bytes, |kib| kib.saturating_mul(1024)),
            log_events: self.log_events.unwrap_or(base.log_events),
            log_message_bytes: base.log_message_bytes,
        }
    }
}

/// Why a manifest can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It can't be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what a manifest is.
    #[error("{path}: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// The operator gave a setting that the manifest does not declare.
    #[error("[connectors.{slug}] has no setting {setting:?}; it has: {known}")]
    UnknownSetting {
        /// The connector.
        slug: Slug,
        /// What was given.
        setting: String,
        /// What may be given.
        known: String,
    },
    /// A setting's value is not of its type.
    #[error("[connectors.{slug}] {setting}: {source}")]
    InvalidSetting {
        /// The connector.
        slug: Slug,
        /// The setting.
        setting: String,
        /// Why.
        source: GrantError,
    },
    /// An `outbound` entry can't be granted.
    #[error("connector {slug}: outbound host {host:?}: {source}")]
    Grant {
        /// The connector.
        slug: Slug,
        /// The entry.
        host: String,
        /// Why.
        source: GrantError,
    },
}

impl ConnectorManifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] when it can't be read or has unknown, missing or wrong keys.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        toml::from_str(text)
            .map_err(|error| ManifestError::Invalid { path: path.to_owned(), message: error.to_string() })
    }

    /// The settings' values: what the operator gave, over the defaults.
    ///
    /// # Errors
    /// [`ManifestError::UnknownSetting`] when the operator gave one that is not declared,
    /// [`ManifestError::InvalidSetting`] when a value is not of its type.
    pub fn settings(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ManifestError> {
        if let Some(setting) = given.keys().find(|name| !self.settings.contains_key(*name)) {
            return Err(ManifestError::UnknownSetting {
                slug: self.slug.clone(),
                setting: setting.clone(),
                known: self.settings.keys().cloned().collect::<Vec<_>>().join(", "),
            });
        }
        let mut values = BTreeMap::new();
        for (name, setting) in &self.settings {
            let Some(value) = given.get(name).or(setting.default.as_ref()) else { continue };
            if setting.kind == SettingType::Url {
                Grant::at_url(value, &[], None).map_err(|source| ManifestError::InvalidSetting {
                    slug: self.slug.clone(),
                    setting: name.clone(),
                    source,
                })?;
            }
            values.insert(name.clone(), value.clone());
        }
        Ok(values)
    }

    /// The required settings that have no value.
    #[must_use]
    pub fn missing_settings(&self, values: &BTreeMap<String, String>) -> Vec<String> {
        let required = self.settings.iter().filter(|(_, setting)| setting.required);
        required.map(|(name, _)| name).filter(|name| !values.contains_key(*name)).cloned().collect()
    }

    /// What the connector may reach, given what the operator set. An address that the operator set may be a private
    /// one; one that stands in the manifest, as a host or as a setting's default, may not. An entry whose setting has
    /// no value grants nothing.
    ///
    /// # Errors
    /// [`ManifestError::Grant`] when an entry is not what can be granted.
    pub fn grants(&self, given: &BTreeMap<String, String>) -> Result<Grants, ManifestError> {
        let mut grants = Vec::new();
        for outbound in &self.outbound {
            let (methods, paths) = (outbound.methods.as_slice(), outbound.paths.as_deref());
            let grant = match setting_of(&outbound.host) {
                None => Grant::at_host(&outbound.host, methods, paths),
                Some(name) => match (self.settings.get(name), given.get(name)) {
                    (Some(Setting { kind: SettingType::Url, .. }), Some(url)) => Grant::at_url(url, methods, paths),
                    (Some(Setting { kind: SettingType::Url, default: Some(url), .. }), None) => {
                        Grant::at_default_url(url, methods, paths)
                    }
                    (Some(Setting { kind: SettingType::Url, default: None, .. }), None) => continue,
                    _ => Err(GrantError::NotAUrlSetting(name.to_owned())),
                },
            };
            grants.push(grant.map_err(|source| ManifestError::Grant {
                slug: self.slug.clone(),
                host: outbound.host.clone(),
                source,
            })?);
        }
        Ok(Grants::new(grants))
    }
}

/// The setting that `{{ settings.NAME }}` names.
fn setting_of(host: &str) -> Option<&str> {
    host.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim().strip_prefix("settings.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        slug = "demo"
        name = "Demo"
        version = "1.0.0"
        description = "A demo."
        auth = { type = "none" }
        [settings.base_url]
        description = "Where it is."
        type = "url"
        required = true
        [[outbound]]
        host = "{{ settings.base_url }}"
        methods = ["GET"]
        paths = ["/api/*"]
        [limits]
        memory_mib = 16
    "#;

    fn parse(text: &str) -> Result<ConnectorManifest, ManifestError> {
        ConnectorManifest::parse(text, Path::new("connector.toml"))
    }

    #[test]
    fn a_manifest_gives_settings_grants_and_limits() {
        let manifest = parse(GOOD).expect("a manifest");
        assert_eq!(manifest.missing_settings(&BTreeMap::new()), ["base_url"]);
        let given = BTreeMap::from([("base_url".to_owned(), "http://127.0.0.1:9090/prefix".to_owned())]);
        let values = manifest.settings(&given).expect("known settings");
        assert!(manifest.missing_settings(&values).is_empty());
        let grants = manifest.grants(&given).expect("grants");
        let allowed = |method: http::Method, uri: &str| grants.allow(&method, &uri.parse().expect("a URI")).is_some();
        assert!(allowed(http::Method::GET, "http://127.0.0.1:9090/prefix/api/v1/query?query=up"));
        assert!(!allowed(http::Method::POST, "http://127.0.0.1:9090/prefix/api/v1/query"));
        assert!(!allowed(http::Method::GET, "http://127.0.0.1:9090/api/v1/query"));
        assert_eq!(manifest.limits.over(Limits::default()).memory_bytes, 16 << 20);
    }

    #[test]
    fn a_default_is_reached_at_public_addresses_alone_and_by_https() {
        let with_default = |url: &str| parse(&GOOD.replace("required = true", &format!("default = \"{url}\"")));
        let manifest = with_default("https://api.example.com/v3").expect("a manifest");
        let uri = "https://api.example.com/v3/api/x".parse().expect("a URI");
        let destination = |given: &BTreeMap<String, String>| {
            manifest.grants(given).expect("grants").allow(&http::Method::GET, &uri).expect("is granted")
        };
        assert!(!destination(&BTreeMap::new()).private);
        // The same address is as private as the operator likes, once it is the operator who says so.
        let given = BTreeMap::from([("base_url".to_owned(), "https://api.example.com/v3".to_owned())]);
        assert!(destination(&given).private);

        let manifest = with_default("http://api.example.com").expect("a manifest");
        let error = manifest.grants(&BTreeMap::new()).expect_err("refused").to_string();
        assert!(error.contains("https"), "{error}");
    }

    #[test]
    fn unknown_keys_and_settings_are_refused_by_name() {
        let error = parse(&GOOD.replace("[limits]", "[limits]\nfoo = 1")).expect_err("refused").to_string();
        assert!(error.contains("foo"), "{error}");
        let error = parse(&format!("colour = 1\n{GOOD}")).expect_err("refused").to_string();
        assert!(error.contains("colour"), "{error}");
        let manifest = parse(GOOD).expect("a manifest");
        let given = BTreeMap::from([("url".to_owned(), String::new())]);
        let error = manifest.settings(&given).expect_err("refused").to_string();
        assert!(error.contains("\"url\"") && error.contains("base_url"), "{error}");
        for value in ["localhost:9090", "ftp://localhost", "http://u:p@localhost", "http://localhost/?a=b"] {
            let given = BTreeMap::from([("base_url".to_owned(), value.to_owned())]);
            let error = manifest.settings(&given).expect_err(value).to_string();
            assert!(error.contains("base_url"), "{error}");
        }
    }
}
