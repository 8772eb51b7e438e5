//! Who belongs to a team.

use bulkhead_audit::Act;
use bulkhead_kernel::id::{TeamId, UserId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use super::model::TeamMember;
use super::{TeamError, store, target};
use crate::members::store as members;

/// A team's members, the newest users first.
///
/// # Errors
/// [`TeamError`].
pub async fn list_team_members(
    ports: &Ports,
    caller: &Caller,
    id: TeamId,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<TeamMember>, TeamError> {
    let act = Act::new(ports, caller, "team.list_members", target(id), correlation);
    act.admit(Permission::ReadOrganization).await?;
    find(ports, caller, id).await?;
    let rows = store::members(ports.sql.as_ref(), caller.organization, id, page).await?;
    Ok(Page::from_rows(rows, page.limit, |member| member.user.to_string()))
}

/// Lets a member of the organisation into a team. Whoever belongs to it stays in it.
///
/// # Errors
/// [`TeamError`].
pub async fn add_team_member(
    ports: &Ports,
    caller: &Caller,
    id: TeamId,
    user: UserId,
    correlation: &CorrelationId,
) -> Result<(), TeamError> {
    let act = Act::new(ports, caller, "team.add_member", target(id), correlation);
    act.admit(Permission::ManageTeams).await?;
    find(ports, caller, id).await?;
    if members::find(ports.sql.as_ref(), caller.organization, user).await?.is_none() {
        return Err(TeamError::UnknownMember);
    }
    let steps = vec![store::add(caller.organization, id, user, ports.now()).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Err(error) if error.is_unexpected_rows_at(0) => Ok(()),
        // One of the two has gone since they were looked for.
        Err(SqlError::ConstraintViolation(_)) => Err(TeamError::UnknownMember),
        done => Ok(done.map(drop)?),
    }
}

/// Takes somebody out of a team. Whoever is not in it stays out.
///
/// # Errors
/// [`TeamError`].
pub async fn remove_team_member(
    ports: &Ports,
    caller: &Caller,
    id: TeamId,
    user: UserId,
    correlation: &CorrelationId,
) -> Result<(), TeamError> {
    let act = Act::new(ports, caller, "team.remove_member", target(id), correlation);
    act.admit(Permission::ManageTeams).await?;
    find(ports, caller, id).await?;
    let steps = vec![store::remove(caller.organization, id, user).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Err(error) if error.is_unexpected_rows_at(0) => Ok(()),
        done => Ok(done.map(drop)?),
    }
}

async fn find(ports: &Ports, caller: &Caller, id: TeamId) -> Result<(), TeamError> {
    store::find(ports.sql.as_ref(), caller.organization, id).await?.map(drop).ok_or(TeamError::Unknown)
}
