//! How often a credential may be tried.
//!
//! `limit.rs` says which limits there are. They are counted in the database, so they hold across processes: `take.rs` counts
//! whatever is tried, each time by one statement; `lockout.rs` counts wrong passwords in a row. A new endpoint that takes a
//! credential adds a [`Limit`] and takes from it before it looks at the credential.

mod limit;
mod lockout;
mod store;
mod take;

pub use limit::{CredentialLimits, InvalidLimits, Limit, LockoutTerms, Quota};
pub use lockout::{Attempt, Locked};
pub(crate) use store::leave_no_mark;
pub use take::{Exceeded, Standing, take};

use sha2::{Digest, Sha256};

/// What rows are found by: neither whose account it is nor where they came from can be read from them.
fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no other parts give the same text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
