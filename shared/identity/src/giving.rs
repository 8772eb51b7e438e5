//! Who may give a role.
//!
//! A role is all that it may do, from anywhere, for as long as somebody has it. A credential that was granted less would become
//! all of that by giving a role to somebody of its own: an invitation for an address of theirs is enough. So it takes one that is
//! as much as its user.

use bulkhead_audit::Act;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Ports};

use crate::keys;

/// The credential is less than its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is given by whoever signed in, or with a key that has neither scopes nor networks; sign in")]
pub struct NarrowCredential;

/// Why nobody is given a role.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GiveError {
    /// The caller's credential is less than they are. That is recorded.
    #[error(transparent)]
    Narrow(#[from] NarrowCredential),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Lets whoever acts with all that they are go on; records the refusal of everybody else.
pub(crate) async fn admit(ports: &Ports, caller: &Caller, act: &Act<'_>) -> Result<(), GiveError> {
    if keys::is_unbounded(ports, caller).await? || crate::signed_in(ports, caller).await? {
        return Ok(());
    }
    act.refuse(NarrowCredential).await?;
    Err(NarrowCredential.into())
}

/// The same as these errors.
macro_rules! from_give {
    ($($error:ty),*) => {$(
        impl From<GiveError> for $error {
            fn from(error: GiveError) -> Self {
                match error {
                    GiveError::Narrow(narrow) => Self::Narrow(narrow),
                    GiveError::Sql(error) => Self::Sql(error),
                }
            }
        }
    )*};
}
from_give!(crate::InvitationError, crate::MemberError, crate::OrganizationError);
