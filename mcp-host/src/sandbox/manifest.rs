//! `connector.toml`: what a connector is, and what it asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bulkhead_connectors::oauth::{OauthEntry, OauthEntryError};
use bulkhead_connectors::{Annotations, AuthTypes, Slug};
use serde::Deserialize;

use super::credentials::{Credential, CredentialBinding, CredentialError, check_apart};
use super::grants::{Grant, GrantError, Grants, Origin, setting_of};
use super::limits::ManifestLimits;

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
    /// What its resources' addresses look like.
    #[serde(default)]
    pub resources: Resources,
    /// What proves there who the caller is.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// Where the defaults don't fit.
    #[serde(default)]
    pub limits: ManifestLimits,
}

/// How an account is connected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// By which method, or by which of several.
    #[serde(rename = "type")]
    pub types: AuthTypes,
    /// Which of `[[credentials]]` gets the account's token or key; needed only where there are several.
    #[serde(default)]
    pub credential: Option<String>,
    /// Who gives tokens, of accounts that are connected by OAuth 2.
    #[serde(default)]
    pub oauth2: Option<OauthEntry>,
}

/// Why `[auth]` makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no account, and still something is said of it.
    #[error("type = \"none\" goes with neither credential nor [auth.oauth2]")]
    NoAccount,
    /// A key has no provider.
    #[error("[auth.oauth2] goes with the type \"oauth2\", not with \"api_key\" alone")]
    KeyWithProvider,
    /// Nobody gives tokens.
    #[error("type = \"oauth2\" needs [auth.oauth2]")]
    NoProvider,
    /// It is not clear where the token or key goes.
    #[error("needs credential = the name of one of [[credentials]], or exactly one of these")]
    Credential,
    /// The provider can't be used.
    #[error("[auth.oauth2] {0}")]
    Oauth2(#[from] OauthEntryError),
}

/// What resources' addresses look like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// The URI schemes (RFC 3986, lower case) that are this connector's alone.
    pub schemes: Vec<String>,
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
    /// The environment variable under which a component that knows nothing of Bulkhead finds the value.
    #[serde(default)]
    pub env: Option<String>,
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
    /// `host` or `host:port`, reached by https, with a star in its first label if it likes; or `{{ settings.NAME }}`, a
    /// setting of type `url`.
    pub host: String,
    /// HTTP methods.
    pub methods: Vec<String>,
    /// Paths, where `*` stands for one segment or a part of one, and `**` at the end for the rest. Every path when absent,
    /// or at a setting its URL's own and all below.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
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
    /// A setting's environment variable can't be one.
    #[error(
        "connector {slug}: setting {setting:?}: env = {name:?} must be letters, digits and underscores, no digit first, \
         and used once"
    )]
    Variable {
        /// The connector.
        slug: Slug,
        /// The setting.
        setting: String,
        /// The variable.
        name: String,
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
    /// How accounts are connected makes no sense.
    #[error("connector {slug}: [auth] {source}")]
    Auth {
        /// The connector.
        slug: Slug,
        /// Why.
        source: AuthError,
    },
    /// A credential can't be bound.
    #[error("connector {slug}: credential {credential:?}: {source}")]
    Credential {
        /// The connector.
        slug: Slug,
        /// The credential.
        credential: String,
        /// Why.
        source: CredentialError,
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

    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
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

    /// The environment variables that the component gets: settings that have a value and name a variable.
    ///
    /// # Errors
    /// [`ManifestError::Variable`] when a name is not one, or stands twice.
    pub(crate) fn variables(&self, values: &BTreeMap<String, String>) -> Result<Vec<(String, String)>, ManifestError> {
        let mut names = BTreeSet::new();
        let mut variables = Vec::new();
        for (setting, declared) in &self.settings {
            let Some(name) = &declared.env else { continue };
            if !is_variable(name) || !names.insert(name) {
                let (slug, setting, name) = (self.slug.clone(), setting.clone(), name.clone());
                return Err(ManifestError::Variable { slug, setting, name });
            }
            if let Some(value) = values.get(setting) {
                variables.push((name.clone(), value.clone()));
            }
        }
        Ok(variables)
    }

    /// What can be said of the tools of a component that says nothing of them itself. Without a way out it can change
    /// nothing, and by methods that are safe (RFC 9110, section 9.2.1) it changes nothing; otherwise the worst is
    /// assumed, as MCP does.
    pub(crate) fn plain_annotations(&self) -> Annotations {
        const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
        let mut methods = self.outbound.iter().flat_map(|place| &place.methods);
        let read_only = methods.all(|method| SAFE.contains(&method.as_str()));
        Annotations {
            read_only_hint: read_only,
            destructive_hint: !read_only,
            idempotent_hint: read_only,
            open_world_hint: !self.outbound.is_empty(),
        }
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

    /// The credentials with their audiences, given the settings. One whose setting has no value is left out: no grant
    /// leads there either.
    ///
    /// # Errors
    /// [`ManifestError::Credential`] when one makes no sense, would never be sent, or would overwrite another.
    pub fn credential_bindings(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<Vec<CredentialBinding>, ManifestError> {
        let failed = |credential: &str, source| ManifestError::Credential {
            slug: self.slug.clone(),
            credential: credential.to_owned(),
            source,
        };
        let grants = self.grants(values)?;
        let mut bindings = Vec::new();
        for (index, credential) in self.credentials.iter().enumerate() {
            let name = &credential.name;
            if self.credentials[..index].iter().any(|other| other.name == *name) {
                return Err(failed(name, CredentialError::DuplicateName));
            }
            let binding = self.bind(credential, values, &grants).map_err(|source| failed(name, source))?;
            bindings.extend(binding);
        }
        check_apart(&bindings).map_err(|(name, source)| failed(&name, source))?;
        Ok(bindings)
    }

    fn bind(
        &self,
        credential: &Credential,
        values: &BTreeMap<String, String>,
        grants: &Grants,
    ) -> Result<Option<CredentialBinding>, CredentialError> {
        credential.check()?;
        let username = credential.basic.as_ref().and_then(|basic| setting_of(&basic.username));
        if let Some(name) = username.filter(|name| !self.settings.contains_key(*name)) {
            return Err(CredentialError::UnknownSetting(name.to_owned()));
        }
        let not_covered = || CredentialError::NotCovered(credential.audience.clone());
        let audience = match setting_of(&credential.audience) {
            None => Origin::of_host(&credential.audience)?,
            Some(name) => match (self.settings.get(name), values.get(name)) {
                (Some(Setting { kind: SettingType::Url, .. }), Some(url)) => Origin::of_url(url)?.0,
                (Some(Setting { kind: SettingType::Url, .. }), None) => {
                    let covered = self.outbound.iter().any(|outbound| setting_of(&outbound.host) == Some(name));
                    return if covered { Ok(None) } else { Err(not_covered()) };
                }
                _ => return Err(GrantError::NotAUrlSetting(name.to_owned()).into()),
            },
        };
        if !grants.reach(&audience) {
            return Err(not_covered());
        }
        Ok(Some(CredentialBinding {
            name: credential.name.clone(),
            description: credential.description.clone(),
            audience,
            required: credential.required,
            injection: credential.injection(values)?,
        }))
    }
}

/// Letters, digits and underscores, no digit first: a variable's name as POSIX has it, in either case.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
