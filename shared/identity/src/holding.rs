//! What outlives the credential by which it was made: keys, passkeys, identities, grants, invitations, connected accounts.
//!
//! A request looks at its credential when it comes in, and writes later. If the credential ends in between (somebody signs out
//! everywhere, or whoever the address belongs to chooses a password), what it was about to leave behind must not come to be.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, Credential, Timestamp};

use crate::keys::store as keys;
use crate::sessions::store as sessions;
use crate::store::hold_user;

/// What was to make such a thing has ended since the request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the credential of this request has ended; sign in, or use another key")]
pub struct CredentialEnded;

/// The first two steps of a batch that makes such a thing: it fails when the caller's user or credential has ended meanwhile.
/// The user comes first, as where credentials end: so whichever of both batches is first, the other one sees all of it.
#[must_use]
pub fn hold_credential(caller: &Caller, now: Timestamp) -> [Step; 2] {
    let credential = match caller.credential {
        Credential::Session(session) => sessions::hold(caller.organization, caller.user, session, now),
        Credential::ApiKey(key) => keys::hold(caller.organization, key, now),
        // Its end is its issuer's to know.
        Credential::Token(_) => hold_user(caller.user),
    };
    [hold_user(caller.user).expecting(1), credential.expecting(1)]
}

/// Whether a batch failed at the steps of [`hold_credential`], its first.
#[must_use]
pub fn is_credential_ended(error: &SqlError) -> bool {
    error.is_unexpected_rows_at(0) || error.is_unexpected_rows_at(1)
}
