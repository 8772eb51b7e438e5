//! The entities.

use bulkhead_kernel::id::{ApiKeyId, OrganizationId, UserId};
use bulkhead_kernel::{Role, Timestamp};

/// A tenant.
#[derive(Clone, Debug)]
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

/// A person, in one organisation.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Where mail reaches them; unique in the organisation.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is kept of an API key: nothing that it could be made from.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The tenant.
    pub organization: OrganizationId,
    /// The user that it acts for.
    pub user: UserId,
    /// Its name, for people.
    pub name: String,
    /// The part that finds it.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; never when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether the key works at this time.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }
}
