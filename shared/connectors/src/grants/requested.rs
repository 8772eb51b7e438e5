//! What a manifest asks for, in a form that can be kept, shown and compared.
//!
//! The form is canonical: one spelling for each host, method and path, sorted, without repetition, and without what is
//! the default. So two manifests that ask for the same have the same JSON and the same digest, however they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pattern::PathPattern;
use super::{EVERY_PATH, GrantError, Origin, granted_method, granted_path, host_and_port};
use crate::limits::{Amount, Limits};

/// Everything that a manifest asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedGrants {
    /// Requests that it wants to send.
    pub outbound: BTreeSet<RequestedAccess>,
    /// Credentials that are to be added to them.
    pub credentials: BTreeSet<RequestedCredential>,
    /// Schemes of resources that are to be its alone.
    pub schemes: BTreeSet<String>,
    /// Accounts that are connected by OAuth 2: who gives tokens, and for what.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub accounts: BTreeSet<String>,
    /// Limits that differ from the defaults, in the units of [`Limits`]: bytes, milliseconds, or a count.
    pub limits: BTreeMap<String, u64>,
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAccess {
    /// Where to.
    pub to: Place,
    /// The HTTP method.
    pub method: String,
    /// The path's pattern, as the manifest writes it: below the path of the setting's URL, and nothing for that itself.
    pub path: String,
}

/// Where requests go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// `host:port`, reached by https. The first label may have a star.
    Host(String),
    /// What the operator sets, or this address when they set nothing.
    Setting {
        /// The setting.
        name: String,
        /// Its default.
        default: Option<String>,
    },
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedCredential {
    /// Its name.
    pub name: String,
    /// Whom it is for.
    pub audience: Place,
    /// Where it stands in a request.
    pub sent_as: String,
}

impl RequestedGrants {
    /// What it asks for beyond what was approved, a line each; nothing when it is the same or less.
    #[must_use]
    pub fn beyond(&self, approved: &Self) -> Vec<String> {
        let requests = self.outbound.iter().filter(|one| !approved.outbound.iter().any(|known| known.covers(one)));
        let mut lines: Vec<String> = requests.map(ToString::to_string).collect();
        lines.extend(self.credentials.difference(&approved.credentials).map(ToString::to_string));
        lines.extend(self.schemes.difference(&approved.schemes).map(|scheme| format!("resources {scheme}:")));
        lines.extend(self.accounts.difference(&approved.accounts).cloned());
        for Amount { name, amount: default, .. } in Limits::default().amounts() {
            let of = |requested: &Self| requested.limits.get(name).copied().unwrap_or(default);
            let (wanted, known) = (of(self), of(approved));
            if wanted > known {
                lines.push(format!("limit {name} of {wanted} instead of {known}"));
            }
        }
        lines
    }

    /// Everything, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let requests = self.outbound.iter().map(ToString::to_string);
        let credentials = self.credentials.iter().map(ToString::to_string);
        let schemes = self.schemes.iter().map(|scheme| format!("resources {scheme}:"));
        let limits = self.limits.iter().map(|(name, amount)| format!("limit {name} of {amount}"));
        requests.chain(credentials).chain(schemes).chain(self.accounts.iter().cloned()).chain(limits).collect()
    }

    /// The canonical JSON.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("plain records of strings and numbers always serialize")
    }

    /// SHA-256 of the canonical JSON, `sha256:` and hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(self.canonical())))
    }
}

impl Place {
    /// A place as a manifest writes it. `setting` gives the default of a setting of type "url"; `None` when there is no such
    /// setting.
    ///
    /// # Errors
    /// [`GrantError`] when it is neither a host nor such a setting.
    pub fn of<'a>(host: &str, setting: impl FnOnce(&str) -> Option<Option<&'a str>>) -> Result<Self, GrantError> {
        let Some(name) = setting_of(host) else {
            let (host, port) = host_and_port(host)?;
            return Ok(Self::Host(format!("{host}:{port}")));
        };
        let default = setting(name).ok_or_else(|| GrantError::NotAUrlSetting(name.to_owned()))?;
        let default = default.map(Origin::of_url).transpose()?;
        let default = default.map(|(origin, path)| format!("{origin}{path}"));
        Ok(Self::Setting { name: name.to_owned(), default })
    }

    /// Whether every host of `other` is one of these. A setting without a default leads nowhere that the same setting
    /// with one does not.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Host(own), Self::Host(other)) => match (host_and_port(own), host_and_port(other)) {
                (Ok((own, own_port)), Ok((other, port))) => own_port == port && own.covers(&other),
                _ => false,
            },
            (Self::Setting { name: own, default }, Self::Setting { name, default: other }) => {
                own == name && (other.is_none() || default == other)
            }
            _ => false,
        }
    }
}

impl RequestedAccess {
    /// Every kind of request that an `[[outbound]]` entry asks for.
    ///
    /// # Errors
    /// [`GrantError`] for the first method or path that can't be granted.
    pub fn each(to: &Place, methods: &[String], paths: Option<&[String]>) -> Result<Vec<Self>, GrantError> {
        // A host without a path has nothing that `/**` does not have.
        let every = match to {
            Place::Host(_) => &EVERY_PATH[1..],
            Place::Setting { .. } => &EVERY_PATH,
        };
        let every: Vec<_> = every.iter().map(|path| (*path).to_owned()).collect();
        let mut each = Vec::new();
        for path in paths.unwrap_or(&every) {
            granted_path("", path)?;
            for method in methods {
                let method = granted_method(method)?.to_string();
                each.push(Self { to: to.clone(), method, path: path.clone() });
            }
        }
        Ok(each)
    }

    /// Whether every request of `other` is one of these.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        // Below the same prefix, whatever it is.
        let path = |path: &str| PathPattern::new("/prefix", path).ok();
        let paths = path(&self.path).zip(path(&other.path));
        self.method == other.method && self.to.covers(&other.to) && paths.is_some_and(|(own, other)| own.covers(&other))
    }
}

/// The setting that `{{ settings.NAME }}` names.
#[must_use]
pub fn setting_of(host: &str) -> Option<&str> {
    host.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim().strip_prefix("settings.")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "https://{}", host.strip_suffix(":443").unwrap_or(host)),
            Self::Setting { name, default: Some(default) } => write!(f, "<setting {name}, or {default}>"),
            Self::Setting { name, default: None } => write!(f, "<setting {name}>"),
        }
    }
}

impl fmt::Display for RequestedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.to, self.path)
    }
}

impl fmt::Display for RequestedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credential {} for {}, as {}", self.name, self.audience, self.sent_as)
    }
}
