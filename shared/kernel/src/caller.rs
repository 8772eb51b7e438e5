//! Who makes a request.

use serde::{Deserialize, Serialize};

use crate::id::{ApiKeyId, OrganizationId, UserId};

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
    /// The API key that was presented.
    pub api_key: ApiKeyId,
}
