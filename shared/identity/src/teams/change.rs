//! What a team is called.

use bulkhead_audit::Act;
use bulkhead_kernel::id::TeamId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::model::{NamedChange, Team};
use super::{TeamError, store, target};

/// Changes what a team is called.
///
/// # Errors
/// [`TeamError`].
pub async fn change_team(
    ports: &Ports,
    caller: &Caller,
    id: TeamId,
    change: NamedChange,
    correlation: &CorrelationId,
) -> Result<Team, TeamError> {
    let act = Act::new(ports, caller, "team.change", target(id), correlation);
    act.admit(Permission::ManageTeams).await?;
    let faults = change.faults();
    if !faults.is_empty() {
        return Err(TeamError::Invalid(faults));
    }
    let steps = vec![store::change(caller.organization, id, &change).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Ok(_) => store::find(ports.sql.as_ref(), caller.organization, id).await?.ok_or(TeamError::Unknown),
        Err(error) if error.is_unexpected_rows_at(0) => Err(TeamError::Unknown),
        Err(SqlError::UniqueViolation(_)) => Err(TeamError::SlugTaken),
        Err(error) => Err(error.into()),
    }
}
