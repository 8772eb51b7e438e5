//! SQL of the audit trail.

use bulkhead_kernel::id::{AuditEventId, OrganizationId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{PageRequest, Timestamp};

use crate::list::AuditFilter;
use crate::model::{Actor, AuditEvent, Outcome, Target};

/// The statement that begins an entry.
#[must_use]
pub fn insert(event: &AuditEvent) -> Statement {
    sql("INSERT INTO action_logs (id, organization_id, actor_type, actor_id, credential_id, action, target_type, \
         target_id, outcome, reason, job_id, correlation_id, occurred_at, completed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
    .bind(event.id)
    .bind(event.organization)
    .bind(event.actor.kind.as_str())
    .bind(event.actor.id.as_str())
    .bind(event.actor.credential_id.as_str())
    .bind(event.action.as_str())
    .bind(event.target.kind.as_str())
    .bind(event.target.id.as_str())
    .bind(event.outcome.as_str())
    .bind(event.reason.as_deref())
    .bind(event.job)
    .bind(event.correlation_id.as_str())
    .bind(event.occurred_at)
    .bind(event.completed_at)
    .of(event.organization)
}

pub(crate) fn complete(
    organization: OrganizationId,
    id: AuditEventId,
    outcome: Outcome,
    reason: Option<&str>,
    now: Timestamp,
) -> Statement {
    sql("UPDATE action_logs SET outcome = $1, reason = $2, completed_at = $3 \
         WHERE organization_id = $4 AND id = $5 AND outcome = 'pending'")
    .bind(outcome.as_str())
    .bind(reason)
    .bind(now)
    .bind(organization)
    .bind(id)
    .of(organization)
}

pub(crate) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Vec<AuditEvent>, SqlError> {
    // One text for every filter: an absent one is the empty string, which equals no value.
    let statement = sql("SELECT id, organization_id, actor_type, actor_id, credential_id, action, target_type, \
                         target_id, outcome, reason, job_id, correlation_id, occurred_at, completed_at \
                         FROM action_logs \
                         WHERE organization_id = $1 AND ($2 = '' OR id < $2) AND ($3 = '' OR action = $3) \
                         AND ($4 = '' OR outcome = $4) AND ($5 = '' OR job_id = $5) \
                         AND ($6 = '' OR correlation_id = $6) \
                         ORDER BY id DESC LIMIT $7")
    .bind(organization)
    .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
    .bind(filter.action.as_deref().unwrap_or(""))
    .bind(filter.outcome.map_or("", Outcome::as_str))
    .bind(filter.job.map(|job| job.to_string()).unwrap_or_default())
    .bind(filter.correlation_id.as_deref().unwrap_or(""))
    .bind(i64::from(page.limit) + 1)
    .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<AuditEvent, SqlError> {
    Ok(AuditEvent {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        actor: Actor {
            kind: row.get("actor_type")?,
            id: row.get("actor_id")?,
            credential_id: row.get("credential_id")?,
        },
        action: row.get("action")?,
        target: Target { kind: row.get("target_type")?, id: row.get("target_id")? },
        outcome: row.parse("outcome")?,
        reason: row.get("reason")?,
        job: row.get("job_id")?,
        correlation_id: row.get("correlation_id")?,
        occurred_at: row.get("occurred_at")?,
        completed_at: row.get("completed_at")?,
    })
}
