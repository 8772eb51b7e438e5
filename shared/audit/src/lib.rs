//! The audit trail: who did what to what, and how it ended.
//!
//! An entry is begun in the same atomic write that records the act, and completed in the one that records its end,
//! so that no act goes unrecorded. [`begin`] and [`complete`] are therefore statements for the caller's batch; only a
//! refusal, which changes nothing else, is written here ([`record_refusal`]). An [`Act`] asks whether its caller may, and
//! has the entries of either answer. Shape after WorkOS: actor, action, target, context, occurred_at.

mod act;
mod list;
mod model;
mod store;

use bulkhead_kernel::sql::{SqlError, Statement};
use bulkhead_kernel::{Ports, Timestamp};

pub use act::{Act, AdmitError};
pub use list::{AuditFilter, list};
pub use model::{Actor, AuditEvent, Outcome, Target};
pub use store::insert as begin;

use bulkhead_kernel::id::{AuditEventId, OrganizationId};

/// The statement that completes a pending entry. It must affect one row.
#[must_use]
pub fn complete(
    organization: OrganizationId,
    id: AuditEventId,
    outcome: Outcome,
    reason: Option<&str>,
    now: Timestamp,
) -> Statement {
    store::complete(organization, id, outcome, reason, now)
}

/// Records that something was refused.
///
/// # Errors
/// [`SqlError`] when it can't be recorded.
pub async fn record_refusal(ports: &Ports, event: &AuditEvent) -> Result<(), SqlError> {
    ports.sql.execute(begin(event)).await.map(|_| ())
}
