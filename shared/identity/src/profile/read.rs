//! One's own profile.

use bulkhead_audit::Act;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::model::Profile;
use super::{ProfileError, store, target};

/// The caller's own profile.
///
/// # Errors
/// [`ProfileError`].
pub async fn read_profile(
    ports: &Ports,
    caller: &Caller,
    correlation: &CorrelationId,
) -> Result<Profile, ProfileError> {
    let act = Act::new(ports, caller, "profile.read", target(caller), correlation);
    act.admit(Permission::ManageProfile).await?;
    find(ports, caller).await
}

pub(super) async fn find(ports: &Ports, caller: &Caller) -> Result<Profile, ProfileError> {
    let gone = || SqlError::Unavailable("the user has just been deleted".to_owned());
    Ok(store::find(ports.sql.as_ref(), caller.user).await?.ok_or_else(gone)?)
}
