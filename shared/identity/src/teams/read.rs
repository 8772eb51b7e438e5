//! Which teams there are.

use bulkhead_audit::Act;
use bulkhead_kernel::id::TeamId;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use super::model::Team;
use super::{TeamError, store, target};
use crate::organization_target;

/// One team.
///
/// # Errors
/// [`TeamError`].
pub async fn read_team(
    ports: &Ports,
    caller: &Caller,
    id: TeamId,
    correlation: &CorrelationId,
) -> Result<Team, TeamError> {
    let act = Act::new(ports, caller, "team.read", target(id), correlation);
    act.admit(Permission::ReadOrganization).await?;
    store::find(ports.sql.as_ref(), caller.organization, id).await?.ok_or(TeamError::Unknown)
}

/// The organisation's teams, newest first.
///
/// # Errors
/// [`TeamError`].
pub async fn list_teams(
    ports: &Ports,
    caller: &Caller,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Team>, TeamError> {
    let act = Act::new(ports, caller, "team.list", organization_target(caller), correlation);
    act.admit(Permission::ReadOrganization).await?;
    let rows = store::list(ports.sql.as_ref(), caller.organization, page).await?;
    Ok(Page::from_rows(rows, page.limit, |team| team.id.to_string()))
}
