//! Who makes a request.

use serde::{Deserialize, Serialize};

use crate::access::{Denied, Permission, Scopes};
use crate::id::{ApiKeyId, OrganizationId, SessionId, UserId};

/// An organisation role, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Uses what others set up.
    Member,
    /// Sets up.
    Admin,
    /// Sets up, and owns the organisation.
    Owner,
}

impl Role {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether it sets the organisation up: what its members may use, and how.
    #[must_use]
    pub const fn administers(self) -> bool {
        matches!(self, Self::Admin | Self::Owner)
    }
}

impl std::str::FromStr for Role {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "member" => Ok(Self::Member),
            "admin" => Ok(Self::Admin),
            "owner" => Ok(Self::Owner),
            _ => Err(()),
        }
    }
}

/// An authenticated caller. Only identity makes one, from a credential; every use case that reads or writes a
/// tenant's data takes one, and uses its organisation in every predicate.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant.
    pub organization: OrganizationId,
    /// The user on whose behalf the call is made.
    pub user: UserId,
    /// What the user may do in the organisation.
    pub role: Role,
    /// What of that the credential was granted.
    pub scopes: Scopes,
    /// What was presented.
    pub credential: Credential,
}

impl Caller {
    /// Whether the caller may do this: the role must allow it, and the credential must have been granted it.
    ///
    /// # Errors
    /// [`Denied`], which says what is missing.
    pub fn may(&self, permission: Permission) -> Result<(), Denied> {
        if self.role < permission.least_role() {
            return Err(Denied::Role(permission.least_role()));
        }
        if !self.scopes.contain(permission.scope()) {
            return Err(Denied::Scope(permission.scope()));
        }
        Ok(())
    }

    /// The scope that the caller lacks to change something; `None` when nothing keeps it from that.
    #[must_use]
    pub fn missing_write_scope(&self) -> Option<&str> {
        match &self.credential {
            Credential::ApiKey(_) | Credential::Session(_) => None,
            Credential::Token(token) => {
                token.write_scope.as_deref().filter(|scope| !token.scopes.iter().any(|granted| granted == scope))
            }
        }
    }
}

/// What a caller presented. Never the credential itself.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API key.
    ApiKey(ApiKeyId),
    /// An access token of ours, or a browser's cookie: of this session.
    Session(SessionId),
    /// An access token (RFC 9068) of another issuer.
    Token(AccessToken),
}

impl Credential {
    /// Which credential it was, for the audit trail.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::ApiKey(key) => key.to_string(),
            Self::Session(session) => session.to_string(),
            Self::Token(token) => token.id.clone(),
        }
    }
}

/// What is known of another issuer's access token that was verified.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// `jti:` and the id that its issuer gave it, or `sha256:` and a hash of it.
    pub id: String,
    /// What it was granted.
    pub scopes: Vec<String>,
    /// The scope without which it changes nothing; when absent, none is needed.
    pub write_scope: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(credential: Credential) -> Caller {
        let id = uuid::Uuid::nil();
        Caller { organization: id.into(), user: id.into(), role: Role::Member, scopes: Scopes::Everything, credential }
    }

    fn token(scopes: &[&str], write_scope: Option<&str>) -> Caller {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        let write_scope = write_scope.map(str::to_owned);
        caller(Credential::Token(AccessToken { id: "jti:1".to_owned(), scopes, write_scope }))
    }

    #[test]
    fn a_token_changes_something_with_the_scope_for_it_alone() {
        assert_eq!(token(&["mcp"], Some("mcp:write")).missing_write_scope(), Some("mcp:write"));
        assert_eq!(token(&["mcp", "mcp:write"], Some("mcp:write")).missing_write_scope(), None);
        assert_eq!(token(&["mcp"], None).missing_write_scope(), None);
        assert_eq!(caller(Credential::ApiKey(uuid::Uuid::nil().into())).missing_write_scope(), None);
    }
}
