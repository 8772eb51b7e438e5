//! A new team.

use bulkhead_audit::Act;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::model::{Named, Team};
use super::{TeamError, store, target};

/// Makes a team, which has nobody yet.
///
/// # Errors
/// [`TeamError`].
pub async fn create_team(
    ports: &Ports,
    caller: &Caller,
    new: Named,
    correlation: &CorrelationId,
) -> Result<Team, TeamError> {
    let id = ports.new_id();
    let act = Act::new(ports, caller, "team.create", target(id), correlation);
    act.admit(Permission::ManageTeams).await?;
    let faults = new.faults();
    if !faults.is_empty() {
        return Err(TeamError::Invalid(faults));
    }
    let team = Team { id, slug: new.slug, name: new.name, created_at: ports.now() };
    match ports.sql.batch(vec![store::insert(caller.organization, &team).into(), act.done()]).await {
        Ok(_) => Ok(team),
        Err(SqlError::UniqueViolation(_)) => Err(TeamError::SlugTaken),
        Err(error) => Err(error.into()),
    }
}
