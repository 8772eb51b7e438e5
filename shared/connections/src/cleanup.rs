//! What a host does after a disconnection.

use std::time::Duration;

use bulkhead_audit::{Actor, AuditEvent, Outcome};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports, Timestamp};
use bulkhead_vault::{Scope, remove_scope};

use crate::model::Connection;
use crate::store;

/// A disconnected connection whose secrets are still there.
#[derive(Clone, Debug)]
pub struct Cleanup {
    /// The connection.
    pub connection: Connection,
    /// How often it was tried.
    pub attempts: i64,
    due: Timestamp,
}

/// Some that are due, of all tenants, the longest due first.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn due_for_cleanup(ports: &Ports, limit: u32) -> Result<Vec<Cleanup>, SqlError> {
    let due = store::due_for_cleanup(ports.sql.as_ref(), ports.now(), limit).await?;
    Ok(due.into_iter().map(|(connection, attempts, due)| Cleanup { connection, attempts, due }).collect())
}

/// Puts it off, and with that keeps every other process from it until then; false when another has it.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn postpone_cleanup(ports: &Ports, cleanup: &Cleanup, by: Duration) -> Result<bool, SqlError> {
    let later = ports.now().plus(by);
    Ok(ports.sql.execute(store::claim_cleanup(&cleanup.connection, cleanup.due, later)).await? == 1)
}

/// Removes its secrets and records how the provider took it: `None` when it revoked them, or a code.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn cleaned_up(
    ports: &Ports,
    connection: &Connection,
    actor: Actor,
    fault: Option<&str>,
    correlation: &CorrelationId,
) -> Result<(), SqlError> {
    let (organization, target) = (connection.organization, connection.target());
    let event = AuditEvent::pending_by(ports, organization, actor, "connection.revoke", target, correlation);
    let event = match fault {
        None => event.ended(Outcome::Succeeded),
        Some(code) => AuditEvent { reason: Some(code.to_owned()), ..event.ended(Outcome::Failed) },
    };
    let steps = vec![
        store::schedule_cleanup(organization, connection.id, None).expecting(1),
        remove_scope(organization, &Scope::Connection(connection.id)),
        bulkhead_audit::begin(&event).into(),
    ];
    ports.sql.batch(steps).await.map(drop)
}
