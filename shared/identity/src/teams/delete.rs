//! A team's end.

use bulkhead_audit::Act;
use bulkhead_kernel::id::TeamId;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::{TeamError, store, target};

/// Deletes a team, and with it what its members may do because of it.
///
/// # Errors
/// [`TeamError`].
pub async fn delete_team(
    ports: &Ports,
    caller: &Caller,
    id: TeamId,
    correlation: &CorrelationId,
) -> Result<(), TeamError> {
    let act = Act::new(ports, caller, "team.delete", target(id), correlation);
    act.admit(Permission::ManageTeams).await?;
    let mut steps: Vec<_> = store::empty(caller.organization, id).into_iter().map(Into::into).collect();
    let at = steps.len();
    steps.extend([store::delete(caller.organization, id).expecting(1), act.done()]);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(at) => Err(TeamError::Unknown),
        Err(error) => Err(error.into()),
    }
}
