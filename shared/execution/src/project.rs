//! Calls in a project: what is connected to the project serves whoever has connected nothing of their own.

use bulkhead_identity::{ProjectPermission, project_role};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Ports};

use crate::submit::Refusal;

/// What keeps the caller from calling in this project; `None` when nothing does. Whoever has no role in it, and whoever is of
/// another organisation, does not learn that it exists.
///
/// # Errors
/// [`SqlError`] when it can't be found out; then nothing may be called.
pub async fn refuse_project(ports: &Ports, caller: &Caller, project: ProjectId) -> Result<Option<Refusal>, SqlError> {
    let needed = ProjectPermission::UseConnections;
    Ok(match project_role(ports, caller, project).await? {
        None => Some(Refusal::UnknownProject),
        Some(role) if !role.may(needed) => Some(Refusal::ProjectRole(needed.least_role())),
        Some(_) => None,
    })
}
