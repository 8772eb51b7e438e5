//! Who belongs to an organisation, and as what. People come by invitation; service accounts are made here.

mod change_role;
mod leave;
mod list;
mod remove;
mod service_account;
pub(crate) mod store;

pub use change_role::change_role;
pub(crate) use leave::leave;
pub use list::{Member, MemberFilter, list_members};
pub use remove::remove_member;
pub use service_account::create_service_account;

use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Denied, Fault};

use crate::giving::NarrowCredential;

/// How often a membership is looked at again that changes while it is being changed.
const MAX_LOOKS: usize = 5;

/// Why a membership is not told or changed.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// The organisation has no such member.
    #[error("your organization has no such member; GET /v1/organization/members lists them")]
    Unknown,
    /// Nobody would own the organisation.
    #[error("an organization has an owner: make somebody else one first, or delete the organization")]
    LastOwner,
    /// The caller's credential is less than they are.
    #[error(transparent)]
    Narrow(#[from] NarrowCredential),
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the member can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A member as the audit trail names it.
fn target(user: UserId) -> bulkhead_audit::Target {
    bulkhead_audit::Target::new("user", user)
}

fn kept_changing() -> SqlError {
    SqlError::Unavailable("the membership kept changing while it was being changed".to_owned())
}
