//! What a secret is called, and who changes it.

use std::fmt;
use std::str::FromStr;

use bulkhead_audit::{Actor, Target};
use bulkhead_connectors::Slug;
use bulkhead_kernel::id::{ConnectionId, OrganizationId};
use bulkhead_kernel::{Caller, CorrelationId, Timestamp};
use serde::{Serialize, Serializer};

use crate::key::KeyId;

/// What a group of secrets belongs to, within an organisation. As text, in SQL and in what ciphertexts are bound to, it is
/// its kind, a colon and a name that has none, such as `connector:github`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A connector: every user of the organisation calls it with these.
    Connector(Slug),
    /// A connected account: its tokens, or its key.
    Connection(ConnectionId),
}

/// A text is not a [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a scope; one is connector:<slug> or connection:<id>")]
pub struct InvalidScope;

impl Scope {
    /// The name, without its kind.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Connector(slug) => slug.to_string(),
            Self::Connection(id) => id.to_string(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connector(slug) => write!(f, "connector:{slug}"),
            Self::Connection(id) => write!(f, "connection:{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        match text.split_once(':') {
            Some(("connector", slug)) => slug.parse().map(Self::Connector).map_err(|_| InvalidScope),
            // In the one spelling in which it is stored: ciphertexts are bound to it.
            Some(("connection", id)) => {
                let parsed: ConnectionId = id.parse().map_err(|_| InvalidScope)?;
                Some(Self::Connection(parsed)).filter(|_| parsed.to_string() == id).ok_or(InvalidScope)
            }
            _ => Err(InvalidScope),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The name of one secret of a scope: snake_case, 1 to 63 characters, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FieldName(String);

/// A text is not a [`FieldName`]. It is not repeated: somebody may have typed the secret in the name's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not the name of a secret: lower-case letters, digits and single '_' between them, 1 to 63 characters, a letter first"
)]
pub struct InvalidFieldName;

impl FieldName {
    /// The most characters that a name may have.
    pub const MAX_LENGTH: usize = 63;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FieldName {
    type Err = InvalidFieldName;
    fn from_str(text: &str) -> Result<Self, InvalidFieldName> {
        let sane = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let doubled = text.split('_').any(str::is_empty);
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        if text.len() <= Self::MAX_LENGTH && starts && !doubled && text.bytes().all(sane) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidFieldName)
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be told about a secret to whoever manages it. Never its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretEntry {
    /// What it belongs to.
    pub scope: Scope,
    /// Its name.
    pub field: FieldName,
    /// The key that wraps its data key.
    pub key: KeyId,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When its value was last stored.
    pub updated_at: Timestamp,
}

/// Who changes an organisation's secrets, for the audit trail.
#[derive(Clone, Debug)]
pub struct Author {
    /// The tenant.
    pub organization: OrganizationId,
    /// Who.
    pub actor: Actor,
    /// The request or command.
    pub correlation: CorrelationId,
}

impl Author {
    /// Whoever presented a credential, in their own organisation.
    #[must_use]
    pub fn caller(caller: &Caller, correlation: &CorrelationId) -> Self {
        Self { organization: caller.organization, actor: Actor::user(caller), correlation: correlation.clone() }
    }
}

/// A secret as the audit trail names it, such as `connector:github/token`.
pub(crate) fn target(scope: &Scope, field: &FieldName) -> Target {
    Target { kind: "secret".to_owned(), id: format!("{scope}/{field}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_on_both_sides_of_its_length() {
        let longest = "a".repeat(FieldName::MAX_LENGTH);
        for good in ["t", "token", "client_secret", "key2", &longest] {
            assert_eq!(good.parse::<FieldName>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        let longer = "a".repeat(FieldName::MAX_LENGTH + 1);
        for bad in ["", "2fa", "_a", "a_", "a__b", "Token", "a-b", "a b", "ä", "a/b", "a\0", &longer] {
            assert_eq!(bad.parse::<FieldName>(), Err(InvalidFieldName), "{bad:?}");
        }
    }

    #[test]
    fn a_scope_comes_back_from_its_text_and_nothing_else_is_one() {
        let scope = Scope::Connector("github".parse().expect("a slug"));
        assert_eq!(scope.to_string(), "connector:github");
        assert_eq!(scope.to_string().parse(), Ok(scope));
        let connection = Scope::Connection("0192d3a4-7b1c-7f00-8000-00000000000a".parse().expect("an id"));
        assert_eq!(connection.to_string().parse(), Ok(connection.clone()));
        assert_eq!(connection.to_string().to_uppercase().to_lowercase().parse(), Ok(connection));
        for bad in [
            "connection:0192D3A4-7B1C-7F00-8000-00000000000A",
            "",
            "github",
            "connector:",
            "connector:a:b",
            "connection:github",
            "Connector:github",
        ] {
            assert_eq!(bad.parse::<Scope>(), Err(InvalidScope), "{bad:?}");
        }
    }
}
