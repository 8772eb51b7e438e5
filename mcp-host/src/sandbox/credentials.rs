//! Credentials: what a manifest says of one, where its value goes, and where never.
//!
//! A guest never has a credential. The host adds it to a request after the sandbox, for exactly one origin.

use std::collections::BTreeMap;

use bulkhead_kernel::Secret;
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use super::grants::{GrantError, Origin};
use super::outbound::can_carry_a_credential;

/// A value that is shorter than this is refused: it stands in harmless answers by chance, so they can't be scanned for it.
pub const MIN_CREDENTIAL_BYTES: usize = 8;

/// A credential that a manifest asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Its name, for `bulkhead secrets set <connector> <name>`.
    pub name: String,
    /// What it is and where to get it, for a person.
    pub description: String,
    /// `host` or `host:port`, reached by https; or `{{ settings.NAME }}`, a setting of type `url`.
    pub audience: String,
    /// Whether calls without it are refused before the guest starts.
    #[serde(default)]
    pub required: bool,
    /// The header that gets it.
    pub header: Option<String>,
    /// What stands before it in the header.
    pub prefix: Option<String>,
    /// As the password of HTTP's basic authentication.
    pub basic: Option<Basic>,
    /// The parameter of the query that gets it.
    pub query: Option<String>,
}

/// HTTP's basic authentication (RFC 7617).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user's name: a text, or `{{ settings.NAME }}`.
    pub username: String,
}

/// Where a credential's value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Injection {
    /// Into this header, after this prefix.
    Header {
        /// The header.
        name: HeaderName,
        /// What stands before the value.
        prefix: String,
    },
    /// Into `Authorization`, as the password of this user (RFC 7617).
    Basic {
        /// The user's name.
        username: String,
    },
    /// Into this parameter of the query.
    Query {
        /// The parameter's name.
        name: String,
    },
}

impl Injection {
    /// Whether two of them would overwrite each other.
    fn collides(&self, other: &Self) -> bool {
        match (self.header(), other.header()) {
            (Some(one), Some(two)) => one == two,
            (None, None) => self == other,
            _ => false,
        }
    }

    /// The header that it sets.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::Basic { .. } => Some(&header::AUTHORIZATION),
            Self::Query { .. } => None,
        }
    }
}

/// A manifest's credential with its audience resolved against the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialBinding {
    /// Its name.
    pub name: String,
    /// What it is, for a person.
    pub description: String,
    /// Whom it is for: requests to any other scheme, host or port never get it.
    pub audience: Origin,
    /// Whether calls without it are refused.
    pub required: bool,
    /// Where it goes.
    pub injection: Injection,
}

/// A credential's value for one call.
#[derive(Clone, Debug)]
pub struct BoundCredential {
    /// The binding's name.
    pub name: String,
    /// The value.
    pub value: Secret,
}

/// Why a manifest's credential can't be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Its name is none.
    #[error(
        "the name is not lower-case letters, digits and single '_' between them, 1 to 63 characters, a letter first"
    )]
    InvalidName,
    /// Another one has the name.
    #[error("there are two of this name")]
    DuplicateName,
    /// It says not at all or twice where it goes.
    #[error("it needs exactly one of header, basic and query, and prefix goes with header alone")]
    Injection,
    /// Its header is none, or not one that a credential can stand in.
    #[error("{0:?} is not a header that can carry a credential")]
    Header(String),
    /// Its prefix, user name or parameter has characters that can't be sent there.
    #[error("{0:?} can't be sent there")]
    Text(String),
    /// Its audience is not one host.
    #[error(transparent)]
    Audience(#[from] GrantError),
    /// There is no such setting.
    #[error("there is no setting {0:?}")]
    UnknownSetting(String),
    /// No grant reaches its audience, so it would never be sent.
    #[error("no [[outbound]] entry reaches its audience {0}")]
    NotCovered(String),
    /// Another one goes to the same place.
    #[error("it and {0:?} would go into the same place of requests to the same audience")]
    Collision(String),
}

impl Credential {
    /// Whether its own keys make sense, whatever the settings are.
    pub(crate) fn check(&self) -> Result<(), CredentialError> {
        let mut name = self.name.bytes();
        let starts = name.next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on = name.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let apart = !self.name.contains("__") && !self.name.ends_with('_');
        if !starts || !goes_on || !apart || self.name.len() > 63 {
            return Err(CredentialError::InvalidName);
        }
        self.injection(&BTreeMap::new()).map(drop)
    }

    /// Where its value goes. A user name that is a setting without a value is empty.
    pub(crate) fn injection(&self, settings: &BTreeMap<String, String>) -> Result<Injection, CredentialError> {
        let text =
            |text: &str, valid: bool| valid.then(|| text.to_owned()).ok_or(CredentialError::Text(text.to_owned()));
        match (&self.header, &self.basic, &self.query, &self.prefix) {
            (Some(header), None, None, prefix) => {
                let name: Option<HeaderName> = header.parse().ok().filter(can_carry_a_credential);
                let name = name.ok_or_else(|| CredentialError::Header(header.clone()))?;
                let prefix = prefix.clone().unwrap_or_default();
                let prefix = text(&prefix, HeaderValue::from_str(&prefix).is_ok())?;
                Ok(Injection::Header { name, prefix })
            }
            (None, Some(Basic { username }), None, None) => {
                let username = match super::grants::setting_of(username) {
                    Some(name) => settings.get(name).cloned().unwrap_or_default(),
                    None => username.clone(),
                };
                // RFC 7617: what follows the first colon is the password.
                let valid = !username.contains(':') && !username.chars().any(char::is_control);
                Ok(Injection::Basic { username: text(&username, valid)? })
            }
            (None, None, Some(name), None) => Ok(Injection::Query { name: text(name, !name.is_empty())? }),
            _ => Err(CredentialError::Injection),
        }
    }
}

/// Refuses two of one name, and two that would overwrite each other.
pub(crate) fn check_apart(bindings: &[CredentialBinding]) -> Result<(), (String, CredentialError)> {
    for (index, binding) in bindings.iter().enumerate() {
        for other in &bindings[..index] {
            if other.audience == binding.audience && other.injection.collides(&binding.injection) {
                return Err((binding.name.clone(), CredentialError::Collision(other.name.clone())));
            }
        }
    }
    Ok(())
}
