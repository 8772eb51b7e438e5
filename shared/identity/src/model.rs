//! The entities.

use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::{Role, Timestamp};
use serde::Serialize;

/// A tenant.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What kind of user it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    /// A person, who signs in.
    Person,
    /// A machine's account, which has keys alone.
    Service,
}

impl UserKind {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

impl std::str::FromStr for UserKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Person, Self::Service].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A person or a service account, whichever organisations it belongs to.
#[derive(Clone)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its kind.
    pub kind: UserKind,
    /// Where mail reaches a person, in lower case; unique. A service account has none.
    pub email: Option<String>,
    /// When the address was proven to be the person's.
    pub email_verified_at: Option<Timestamp>,
    /// Their name.
    pub name: String,
    /// The hash of the password as a PHC string; absent when they sign in otherwise, or not at all.
    pub password_hash: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the password's hash, nor who they are.
        f.debug_struct("User").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// That a user belongs to an organisation, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}
