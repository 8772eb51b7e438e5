//! Which projects there are.

use bulkhead_audit::Act;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use super::access::ProjectPermission;
use super::model::Project;
use super::{ProjectError, reach, store, target};
use crate::organization_target;

/// One project.
///
/// # Errors
/// [`ProjectError`].
pub async fn read_project(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    correlation: &CorrelationId,
) -> Result<Project, ProjectError> {
    let act = Act::new(ports, caller, "project.read", target(id), correlation);
    reach(ports, caller, &act, id, ProjectPermission::ReadProject).await
}

/// The projects in which the caller has a role, newest first.
///
/// # Errors
/// [`ProjectError`].
pub async fn list_projects(
    ports: &Ports,
    caller: &Caller,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Project>, ProjectError> {
    let act = Act::new(ports, caller, "project.list", organization_target(caller), correlation);
    act.admit(Permission::ReadOrganization).await?;
    let rows = store::list(ports.sql.as_ref(), caller, page).await?;
    Ok(Page::from_rows(rows, page.limit, |project| project.id.to_string()))
}
