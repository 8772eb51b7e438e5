//! Disconnecting.

use bulkhead_audit::{AuditEvent, Outcome};
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Ports};

use crate::find::{FindError, visible};
use crate::model::Connection;
use crate::store;

/// How often it is tried again when the connection changes meanwhile.
const ATTEMPTS: u32 = 5;

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
    for _ in 0..ATTEMPTS {
        let connection = visible(ports, caller, id).await?;
        let event = AuditEvent::pending(ports, caller, "connection.disconnect", connection.target(), correlation);
        let refusal = if let Some(scope) = caller.missing_write_scope() {
            Some(FindError::InsufficientScope(scope.to_owned()))
        } else if !connection.may_be_disconnected_by(caller) {
            Some(FindError::InsufficientRole)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            bulkhead_audit::record_refusal(ports, &event.refused(refusal.to_string())).await?;
            return Err(refusal);
        }
        let Ok(state) = connection.state.clone().disconnected() else { return Ok(()) };
        let now = ports.now();
        let version = connection.version + 1;
        let revoked = Connection { state, ..connection };
        let steps = vec![
            store::update(&revoked, version, now).expecting(1),
            store::schedule_cleanup(revoked.organization, revoked.id, Some(now)).expecting(1),
            bulkhead_audit::begin(&event.ended(Outcome::Succeeded)).into(),
        ];
        match ports.sql.batch(steps).await {
            Ok(_) => return Ok(()),
            // A refresh was quicker, and has stored another token.
            Err(error) if error.is_unexpected_rows_at(0) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(SqlError::Unavailable("the connection kept changing".to_owned()).into())
}
