//! Who may do what in a project.

use bulkhead_audit::Act;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Ports};

use super::access::{ProjectPermission, ProjectRole};
use super::model::{Holder, ProjectGrant};
use super::{ProjectError, reach, store, target};
use crate::members::store as members;
use crate::teams::store as teams;

/// Who has which role in a project: members and teams.
///
/// # Errors
/// [`ProjectError`].
pub async fn list_project_roles(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<ProjectGrant>, ProjectError> {
    let act = Act::new(ports, caller, "project.list_roles", target(id), correlation);
    reach(ports, caller, &act, id, ProjectPermission::ReadProject).await?;
    let rows = store::roles(ports.sql.as_ref(), caller.organization, id, page).await?;
    Ok(Page::from_rows(rows, page.limit, |grant| match grant.holder {
        Holder::User(user) => format!("user:{user}"),
        Holder::Team(team) => format!("team:{team}"),
    }))
}

/// Gives a member or a team of the organisation a role in a project, in the place of another one.
///
/// # Errors
/// [`ProjectError`].
pub async fn set_project_role(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    holder: Holder,
    role: ProjectRole,
    correlation: &CorrelationId,
) -> Result<(), ProjectError> {
    let act = Act::new(ports, caller, "project.set_role", target(id), correlation);
    reach(ports, caller, &act, id, ProjectPermission::ManageRoles).await?;
    let database = ports.sql.as_ref();
    let unknown = match holder {
        Holder::User(user) => {
            members::find(database, caller.organization, user).await?.is_none().then_some(ProjectError::UnknownMember)
        }
        Holder::Team(team) => {
            teams::find(database, caller.organization, team).await?.is_none().then_some(ProjectError::UnknownTeam)
        }
    };
    if let Some(unknown) = unknown {
        return Err(unknown);
    }
    let statement = store::set_role(caller.organization, id, holder, role, ports.now());
    match ports.sql.batch(vec![statement.into(), act.done()]).await {
        Ok(_) => Ok(()),
        // One of the two has gone since they were looked for.
        Err(SqlError::ConstraintViolation(_)) => Err(ProjectError::Unknown),
        Err(error) => Err(error.into()),
    }
}

/// Takes the role in a project that a member has by themselves, or a team. Whoever has none stays without.
///
/// # Errors
/// [`ProjectError`].
pub async fn clear_project_role(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    holder: Holder,
    correlation: &CorrelationId,
) -> Result<(), ProjectError> {
    let act = Act::new(ports, caller, "project.clear_role", target(id), correlation);
    reach(ports, caller, &act, id, ProjectPermission::ManageRoles).await?;
    let steps = vec![store::clear_role(caller.organization, id, holder).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Err(error) if error.is_unexpected_rows_at(0) => Ok(()),
        done => Ok(done.map(drop)?),
    }
}
