//! Who users are at other providers, by which they sign in here.
//!
//! An identity is an issuer and what that calls somebody, for ever. A provider's word that an address is somebody's counts
//! as much as ours, and no more: an account is found by its address only where both the provider and we have seen that it is
//! theirs. Otherwise whoever makes an account with another's address first could wait for them to come (pre-hijacking), or
//! take it over by saying to a careless provider that it is theirs.

mod link;
mod list;
mod model;
mod recognise;
mod store;
mod unlink;

pub use link::{LinkError, link_identity, may_link};
pub use list::list_identities;
pub use model::{ExternalPerson, Identity};
pub use recognise::{RecogniseError, Recognised, recognise};
pub(crate) use store::list;
pub use unlink::{UnlinkError, unlink_identity};

use bulkhead_audit::Target;
use bulkhead_kernel::id::UserId;

/// The user as the audit trail names what is acted on.
fn target(user: UserId) -> Target {
    Target::new("user", user)
}
