//! Disconnecting.

use bulkhead_audit::Act;
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use crate::find::{FindError, admit, visible};
use crate::model::{Connection, target};
use crate::store;

/// How often a write is tried again when the connection changes meanwhile.
pub(crate) const ATTEMPTS: u32 = 5;

/// What is tried [`ATTEMPTS`] times and meets a change each time.
pub(crate) fn kept_changing() -> SqlError {
    SqlError::Unavailable("the connection kept changing".to_owned())
}

/// Disconnects: from the next call on nobody can use it. The host revokes its tokens at the provider and removes its
/// secrets as soon as it can; whoever disconnects need not be able to open them. One that is disconnected stays so.
///
/// # Errors
/// [`FindError`].
pub async fn disconnect(
    ports: &Ports,
    caller: &Caller,
    id: ConnectionId,
    correlation: &CorrelationId,
) -> Result<(), FindError> {
    let act = Act::new(ports, caller, "connection.disconnect", target(id), correlation);
    act.admit(Permission::ManageConnections).await?;
    for _ in 0..ATTEMPTS {
        let connection = visible(ports, caller, id).await?;
        admit(&act, caller, connection.owner).await?;
        if let Some(scope) = caller.missing_write_scope() {
            let refusal = FindError::InsufficientScope(scope.to_owned());
            act.refuse(&refusal).await?;
            return Err(refusal);
        }
        let Ok(state) = connection.state.clone().disconnected() else { return Ok(()) };
        let now = ports.now();
        let version = connection.version + 1;
        let revoked = Connection { state, ..connection };
        let steps = vec![
            store::update(&revoked, version, now).expecting(1),
            store::schedule_cleanup(revoked.organization, revoked.id, Some(now)).expecting(1),
            act.done(),
        ];
        match ports.sql.batch(steps).await {
            Ok(_) => return Ok(()),
            // A refresh was quicker, and has stored another token.
            Err(error) if error.is_unexpected_rows_at(0) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(kept_changing().into())
}
