//! A person's own: how they want to be met, everything that is known about them, and their end.

mod change;
mod erase;
mod export;
mod model;
mod read;
mod store;

pub use change::{ProfileChange, change_profile};
pub use erase::erase_user;
pub use export::{Export, export_user};
pub use model::Profile;
pub use read::read_profile;

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Denied, Fault};

/// Why a profile is not told or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// These organisations, by slug, would be left without an owner.
    #[error("you are the last owner of organizations with other members: {}; make somebody else an owner first", .0.join(", "))]
    LastOwner(Vec<String>),
    /// Only somebody who signed in does this.
    #[error("this takes a sign-in; a key or a client can't do it")]
    SignInRequired,
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the profile can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The caller as the audit trail names what is acted on.
fn target(caller: &bulkhead_kernel::Caller) -> bulkhead_audit::Target {
    bulkhead_audit::Target::new("user", caller.user)
}
