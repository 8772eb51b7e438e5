//! A browser on its way to a provider and back.
//!
//! The state goes to the provider and back, the cookie stays with the browser; the database has only their hashes. What is
//! needed again, PKCE's verifier and the nonce among it, is sealed under the key of what identity reads back.

use std::time::Duration;

use bulkhead_identity::{IdentityKey, Unreadable};
use bulkhead_kernel::id::{SessionId, UserId};
use bulkhead_kernel::{Entropy, Timestamp};
use serde::{Deserialize, Serialize};

/// How long the way to a provider and back may take.
pub const ATTEMPT_LIFETIME: Duration = Duration::from_secs(600);

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To sign in.
    SignIn,
    /// To link an identity to the account of whoever is signed in.
    Link {
        /// Whose.
        user: UserId,
        /// By which session.
        session: SessionId,
    },
}

/// An attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) state_hash: String,
    pub(crate) browser_hash: String,
    pub(crate) provider: String,
    pub(crate) intent: Intent,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) used: bool,
}

/// What is needed again.
#[derive(Deserialize, Serialize)]
pub(crate) struct Kept {
    pub(crate) verifier: String,
    pub(crate) nonce: String,
    pub(crate) next: Option<String>,
}

/// Where it is sealed.
const PLACE: &str = "sign-in attempt";

impl Kept {
    pub(crate) fn seal(&self, key: &IdentityKey, state_hash: &str, source: &dyn Entropy) -> Vec<u8> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        key.seal(&[PLACE, state_hash], &text, source)
    }

    pub(crate) fn open(key: &IdentityKey, state_hash: &str, sealed: &[u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(&key.open(&[PLACE, state_hash], sealed)?).map_err(|_| Unreadable)
    }
}
