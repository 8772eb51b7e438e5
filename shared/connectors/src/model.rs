//! Connectors and tools.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::ConnectorId;
use serde::{Deserialize, Serialize};

use crate::auth_types::AuthTypes;
use crate::oauth::OauthProvider;

/// A name is not one that the catalogue accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a name: lower-case letters, digits and single {1:?} between them, 1 to 63 characters, a letter first"
)]
pub struct InvalidName(String, char);

fn check(text: &str, separator: char) -> Result<String, InvalidName> {
    let invalid = || InvalidName(text.chars().take(80).collect(), separator);
    let sane = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator;
    let doubled = text.split(separator).any(str::is_empty);
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    if (1..=63).contains(&text.len()) && starts && !doubled && text.chars().all(sane) {
        Ok(text.to_owned())
    } else {
        Err(invalid())
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $separator:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                check(text, $separator).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A connector's name in addresses: kebab-case, without an underscore, so that `<connector>_<tool>` can be
    /// taken apart again.
    Slug,
    '-'
);
name!(
    /// A tool's name: snake_case.
    ToolName,
    '_'
);

/// How an account of the service is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// By OAuth 2.
    Oauth2,
    /// By a key that the user pastes.
    ApiKey,
    /// Not at all.
    None,
}

impl AuthType {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oauth2 => "oauth2",
            Self::ApiKey => "api_key",
            Self::None => "none",
        }
    }
}

impl std::str::FromStr for AuthType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Oauth2, Self::ApiKey, Self::None].into_iter().find(|auth| auth.as_str() == text).ok_or(())
    }
}

/// An installed connector.
#[derive(Clone, Debug, Serialize)]
pub struct Connector {
    /// Its id.
    #[serde(skip)]
    pub id: ConnectorId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// How an account is connected usually.
    pub auth_type: AuthType,
    /// How one may be connected.
    pub auth_types: AuthTypes,
    /// Who gives tokens for its accounts, when they are connected by OAuth 2.
    #[serde(skip)]
    pub oauth: Option<OauthProvider>,
    /// SHA-256 of its component, `sha256:` and hexadecimal.
    pub digest: String,
    /// When it was first installed.
    pub created_at: Timestamp,
    /// When it was last replaced.
    pub updated_at: Timestamp,
}

/// Hints about a tool, named as in MCP's `ToolAnnotations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// It changes nothing outside the sandbox.
    pub read_only_hint: bool,
    /// A change may destroy something.
    pub destructive_hint: bool,
    /// The same call again changes nothing more.
    pub idempotent_hint: bool,
    /// It speaks to the world outside.
    pub open_world_hint: bool,
}

/// A tool of a connector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name, unique in the connector.
    pub name: ToolName,
    /// Its name for people.
    pub title: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema 2020-12 of its arguments.
    pub input_schema: serde_json::Value,
    /// JSON Schema 2020-12 of its structured result.
    pub output_schema: Option<serde_json::Value>,
    /// Hints.
    pub annotations: Annotations,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_on_both_sides_of_each_rule() {
        for good in ["a", "toolbox", "github-actions", "s3", &"a".repeat(63)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "A", "3s", "a_b", "a--b", "-a", "a-", "a b", "ä", &"a".repeat(64), "../x"] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
        assert!("list_alerts".parse::<ToolName>().is_ok());
        assert!("list-alerts".parse::<ToolName>().is_err());
        assert!("list__alerts".parse::<ToolName>().is_err());
    }
}
