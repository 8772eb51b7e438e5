//! A project's end, and the way back.

use std::time::Duration;

use bulkhead_audit::Act;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Timestamp};

use super::access::ProjectPermission;
use super::model::Project;
use super::{ProjectError, reach, store, target};

/// How long a deleted project can be had back.
const RESTORABLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Deletes a project. Nobody has a role in it from now on; nothing is thrown away yet.
///
/// # Errors
/// [`ProjectError`].
pub async fn delete_project(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    correlation: &CorrelationId,
) -> Result<(), ProjectError> {
    let act = Act::new(ports, caller, "project.delete", target(id), correlation);
    reach(ports, caller, &act, id, ProjectPermission::DeleteProject).await?;
    let steps = vec![store::delete(caller.organization, id, ports.now()).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(ProjectError::Unknown),
        Err(error) => Err(error.into()),
    }
}

/// Gives a deleted project back within 30 days, with the roles that there were. For whoever may make projects: nobody has a
/// role in one that is not there.
///
/// # Errors
/// [`ProjectError`].
pub async fn restore_project(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    correlation: &CorrelationId,
) -> Result<Project, ProjectError> {
    let act = Act::new(ports, caller, "project.restore", target(id), correlation);
    act.admit(Permission::ManageProjects).await?;
    let window = i64::try_from(RESTORABLE.as_millis()).unwrap_or(i64::MAX);
    let since = Timestamp::from_millis(ports.now().as_millis().saturating_sub(window));
    let steps = vec![store::restore(caller.organization, id, since).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Ok(_) => {}
        // It may be there, because somebody else was quicker.
        Err(error) if error.is_unexpected_rows_at(0) => {}
        Err(SqlError::UniqueViolation(_)) => return Err(ProjectError::SlugTaken),
        Err(error) => return Err(error.into()),
    }
    store::find(ports.sql.as_ref(), caller, id).await?.ok_or(ProjectError::Unknown)
}
