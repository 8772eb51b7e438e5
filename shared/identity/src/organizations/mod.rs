//! Organisations: what they are called, making another one, and deleting one, from which there is a way back for a time.

mod change;
mod create;
mod delete;
mod read;
mod restore;
pub(crate) mod store;
mod transfer;

pub use change::{OrganizationChange, change_organization};
pub use create::create_organization;
pub use delete::{DeletedOrganization, delete_organization};
pub use read::{OwnOrganization, list_organizations, read_organization};
pub use restore::restore_organization;
pub use transfer::transfer_ownership;

use std::time::Duration;

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Denied, Fault};

use crate::giving::NarrowCredential;

/// How long a deleted organisation can be had back.
const RESTORABLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why an organisation is not made, told or changed.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// The token gives back nothing, or no longer.
    #[error("no deleted organization can be had back with this token; it is good for 30 days, once")]
    Unknown,
    /// Another organisation has the slug.
    #[error("another organization has this slug; choose another one")]
    SlugTaken,
    /// Who was named is no person of the organisation.
    #[error("an owner is a person of your organization; GET /v1/organization/members lists them")]
    UnknownMember,
    /// The caller's credential is less than they are.
    #[error(transparent)]
    Narrow(#[from] NarrowCredential),
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the organization can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}
