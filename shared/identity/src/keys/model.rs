//! What is kept of an API key.

use std::time::Duration;

use bulkhead_kernel::id::{ApiKeyId, OrganizationId, UserId};
use bulkhead_kernel::{Scopes, Timestamp};
use serde::{Serialize, Serializer};

use super::networks::Networks;

/// What is kept of an API key: nothing that it could be made from.
#[derive(Clone, Debug, Serialize)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The tenant.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// The user that it acts for.
    pub user: UserId,
    /// Its name, for people.
    pub name: String,
    /// The part that finds it.
    pub prefix: String,
    /// SHA-256 of the whole key.
    #[serde(skip)]
    pub hash: String,
    /// What it may do, of what its user may.
    #[serde(serialize_with = "list")]
    pub scopes: Scopes,
    /// From where it works; anywhere when absent.
    pub networks: Option<Networks>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; never when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that it was rotated to.
    pub replaced_by: Option<ApiKeyId>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From which address.
    pub last_used_from: Option<String>,
}

impl ApiKey {
    /// Whether the key works at this time.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }
}

/// A list, or null for everything.
fn list<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    match scopes {
        Scopes::Everything => serializer.serialize_none(),
        Scopes::Only(scopes) => serializer.collect_seq(scopes),
    }
}

/// How long keys last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// A key whose maker does not say how long.
    pub lifetime: Duration,
    /// The longest that may be asked for.
    pub longest: Duration,
    /// How long the old key goes on after a rotation that does not say.
    pub grace: Duration,
    /// The longest that may be asked for.
    pub longest_grace: Duration,
    /// A use that follows the last one that was noted within this time is not noted.
    pub note_every: Duration,
    /// The most blocks of an allow-list.
    pub networks: usize,
}

impl Default for KeyTerms {
    /// 90 days, at most 366; a day of grace, at most a week; a note a minute; 50 blocks.
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            lifetime: Duration::from_secs(90 * DAY),
            longest: Duration::from_secs(366 * DAY),
            grace: Duration::from_secs(DAY),
            longest_grace: Duration::from_secs(7 * DAY),
            note_every: Duration::from_secs(60),
            networks: 50,
        }
    }
}
