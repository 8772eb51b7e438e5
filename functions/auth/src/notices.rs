//! What telling a user of their account takes of what the operator has set.

use bulkhead_http_api::{Api, Problem};
use bulkhead_identity::{IdentityKey, Notices};

/// The outbox's key, and how clients reach the installation.
pub(crate) struct Telling {
    pub(crate) key: IdentityKey,
    public_url: String,
}

impl Telling {
    pub(crate) async fn of(api: &Api) -> Result<Self, Problem> {
        Ok(Self { key: api.identity_key().await?, public_url: api.public_url().await? })
    }

    pub(crate) fn notices(&self) -> Notices<'_> {
        Notices { key: &self.key, public_url: &self.public_url }
    }
}
