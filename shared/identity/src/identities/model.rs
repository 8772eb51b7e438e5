//! What an identity is.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{IdentityId, UserId};
use serde::Serialize;

use crate::email::EmailAddress;

/// What a provider says of somebody who has just signed in there. It is proven that the provider says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalPerson {
    /// The provider's name in the configuration.
    pub provider: String,
    /// Who says it: the issuer's identifier, or the address of a GitHub.
    pub issuer: String,
    /// What that calls them, for ever.
    pub subject: String,
    /// An address that the provider has seen to be theirs.
    pub email: Option<EmailAddress>,
    /// Their name.
    pub name: Option<String>,
    /// What they call themselves there.
    pub login: Option<String>,
}

impl ExternalPerson {
    /// How they prove who they are, as the audit trail says it.
    #[must_use]
    pub fn credential(&self) -> String {
        format!("identity:{}", self.provider)
    }
}

/// Who a user is at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is.
    #[serde(skip)]
    pub user: UserId,
    /// The provider's name in the configuration, as it was when this was linked.
    pub provider: String,
    /// The issuer's identifier, or the address of a GitHub.
    pub issuer: String,
    /// What that calls the user.
    pub subject: String,
    /// The address that it said to be theirs, the last time.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When it was last signed in with.
    pub last_used_at: Option<Timestamp>,
}
