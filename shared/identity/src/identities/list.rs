//! A user's identities.

use bulkhead_kernel::{Caller, Permission, Ports};

use super::model::Identity;
use super::store;
use crate::sessions::ListError;

/// The caller's own, the oldest first.
///
/// # Errors
/// [`ListError`].
pub async fn list_identities(ports: &Ports, caller: &Caller) -> Result<Vec<Identity>, ListError> {
    caller.may(Permission::ManageProfile)?;
    Ok(store::list(ports.sql.as_ref(), caller.user).await?)
}
