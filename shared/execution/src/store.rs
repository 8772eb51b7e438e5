//! SQL of jobs and events.

use std::collections::BTreeMap;

use bulkhead_audit::Outcome as AuditOutcome;
use bulkhead_connectors::{InForce, digest_in_force};
use bulkhead_kernel::id::{JobId, OrganizationId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Caller, PageRequest, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::claim::{Lease, LeaseTerms};
use crate::model::{Event, Job, JobStatus, NewEvent};
use crate::query::JobFilter;
use crate::recover::Abandoned;
use crate::round::Round;

const SELECT: &str = "SELECT id, organization_id, user_id, project_id, connector, tool, connector_digest, read_only, status, \
                      arguments, round, continues, result, answers, error, usage, request_hash, correlation_id, audit_event_id, attempts, \
                      lease_number, cancel_requested_at, created_at, started_at, finished_at FROM pipeline_jobs";

/// Inserts one row while `digest` is that of the organisation's restrictions, otherwise none.
pub(crate) fn insert_job(
    job: &Job,
    key: Option<&str>,
    lease: Option<(&LeaseTerms, Timestamp)>,
    digest: &str,
) -> Statement {
    let in_force = digest_in_force("$2", "$4");
    sql(format!("INSERT INTO pipeline_jobs (id, organization_id, user_id, connector, tool, connector_digest, read_only, \
         status, arguments, round, continues, idempotency_key, request_hash, correlation_id, audit_event_id, attempts, lease_number, \
         lease_owner, lease_expires_at, created_at, started_at, project_id) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22 \
         WHERE {in_force} = $23"))
    .bind(job.id)
    .bind(job.organization)
    .bind(job.user)
    .bind(job.connector.as_str())
    .bind(job.tool.as_str())
    .bind(job.connector_digest.as_str())
    .bind(job.read_only)
    .bind(job.status.as_str())
    .bind(json(&job.arguments))
    .bind(round(&job.round))
    .bind(job.continues)
    .bind(key)
    .bind(job.request_hash.as_str())
    .bind(job.correlation_id.as_str())
    .bind(job.audit_event)
    .bind(job.attempts)
    .bind(job.lease_number)
    .bind(lease.map(|(terms, _)| terms.owner.as_str()))
    .bind(lease.map(|(_, expires_at)| expires_at))
    .bind(job.created_at)
    .bind(job.started_at)
    .bind(job.project)
    .bind(digest)
    .of(job.organization)
}

/// The first events of a job that is inserted in the same batch, in one statement: each costs a round trip.
pub(crate) fn insert_first_events(job: &Job, events: &[NewEvent]) -> Statement {
    const COLUMNS: usize = 8;
    let rows: Vec<String> = (0..events.len())
        .map(|row| {
            let first = row * COLUMNS + 1;
            let places: Vec<String> = (first..first + COLUMNS).map(|n| format!("${n}")).collect();
            format!("({})", places.join(", "))
        })
        .collect();
    let text = format!(
        "INSERT INTO pipeline_events (job_id, sequence, organization_id, level, kind, message, data, created_at) \
         VALUES {}",
        rows.join(", ")
    );
    (1_i64..)
        .zip(events)
        .fold(sql(text), |statement, (sequence, event)| bind_event(statement.bind(job.id).bind(sequence), job, event))
}

/// One more event of a job.
pub(crate) fn append_event(job: &Job, event: &NewEvent) -> Statement {
    let statement = sql("INSERT INTO pipeline_events \
                         (job_id, sequence, organization_id, level, kind, message, data, created_at) \
                         VALUES ($1, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM pipeline_events WHERE job_id = $1), \
                         $2, $3, $4, $5, $6, $7)");
    bind_event(statement.bind(job.id), job, event)
}

fn bind_event(statement: Statement, job: &Job, event: &NewEvent) -> Statement {
    statement
        .bind(job.organization)
        .bind(event.level.as_str())
        .bind(event.kind)
        .bind(event.message.as_str())
        .bind(event.data.as_ref().map(json))
        .bind(event.at)
        .of(job.organization)
}

/// Takes a queued job, in the version of its connector that it runs in.
pub(crate) fn claim(job: &Job, terms: &LeaseTerms, expires_at: Timestamp) -> Statement {
    sql("UPDATE pipeline_jobs SET status = 'running', attempts = $1, lease_number = $2, lease_owner = $3, \
         lease_expires_at = $4, started_at = $5, connector_digest = $6 \
         WHERE organization_id = $7 AND id = $8 AND status = 'queued' AND lease_number = $9")
    .bind(job.attempts)
    .bind(job.lease_number)
    .bind(terms.owner.as_str())
    .bind(expires_at)
    .bind(job.started_at)
    .bind(job.connector_digest.as_str())
    .bind(job.organization)
    .bind(job.id)
    .bind(job.lease_number - 1)
    .of(job.organization)
}

pub(crate) fn heartbeat(lease: &Lease, expires_at: Timestamp) -> Statement {
    sql("UPDATE pipeline_jobs SET lease_expires_at = $1 \
         WHERE organization_id = $2 AND id = $3 AND status = 'running' AND lease_number = $4 \
         RETURNING cancel_requested_at")
    .bind(expires_at)
    .bind(lease.organization)
    .bind(lease.job)
    .bind(lease.number)
    .of(lease.organization)
}

/// Ends a running job, if `held` is still its lease.
pub(crate) fn finish(job: &Job, held: i64) -> Statement {
    sql("UPDATE pipeline_jobs SET status = $1, result = $2, error = $3, usage = $4, finished_at = $5, \
         lease_number = $6, lease_owner = NULL, lease_expires_at = NULL \
         WHERE organization_id = $7 AND id = $8 AND status = 'running' AND lease_number = $9")
    .bind(job.status.as_str())
    .bind(job.result.as_ref().map(json))
    .bind(job.error.as_ref().map(json))
    .bind(job.usage.as_ref().map(json))
    .bind(job.finished_at)
    .bind(job.lease_number)
    .bind(job.organization)
    .bind(job.id)
    .bind(held)
    .of(job.organization)
}

pub(crate) fn end_queued(job: &Job) -> Statement {
    sql("UPDATE pipeline_jobs SET status = $1, error = $2, finished_at = $3 \
         WHERE organization_id = $4 AND id = $5 AND status = 'queued'")
    .bind(job.status.as_str())
    .bind(job.error.as_ref().map(json))
    .bind(job.finished_at)
    .bind(job.organization)
    .bind(job.id)
    .of(job.organization)
}

pub(crate) fn request_cancel(job: &Job, now: Timestamp) -> Statement {
    sql("UPDATE pipeline_jobs SET cancel_requested_at = $1 \
         WHERE organization_id = $2 AND id = $3 AND status = 'running' AND cancel_requested_at IS NULL")
    .bind(now)
    .bind(job.organization)
    .bind(job.id)
    .of(job.organization)
}

pub(crate) fn requeue(job: &Job) -> Statement {
    sql("UPDATE pipeline_jobs SET status = 'queued', lease_owner = NULL, lease_expires_at = NULL \
         WHERE organization_id = $1 AND id = $2 AND status = 'running' AND lease_number = $3")
    .bind(job.organization)
    .bind(job.id)
    .bind(job.lease_number)
    .of(job.organization)
}

/// Keeps a job's answers, while those that are kept are still these.
pub(crate) fn keep_answers(job: &Job, before: &BTreeMap<String, Value>) -> Statement {
    let before = if before.is_empty() { String::new() } else { json(before) };
    sql("UPDATE pipeline_jobs SET answers = $1 WHERE organization_id = $2 AND id = $3 AND COALESCE(answers, '') = $4")
        .bind(json(&job.answers))
        .bind(job.organization)
        .bind(job.id)
        .bind(before)
        .of(job.organization)
}

/// The audit entry ends as its job does.
pub(crate) fn complete_audit(job: &Job, now: Timestamp) -> Statement {
    let outcome = match job.status {
        JobStatus::Succeeded => AuditOutcome::Succeeded,
        JobStatus::Canceled => AuditOutcome::Canceled,
        _ => AuditOutcome::Failed,
    };
    let reason = job.error.as_ref().map(|error| error.kind.as_str());
    bulkhead_audit::complete(job.organization, job.audit_event, outcome, reason, now)
}

pub(crate) async fn find(database: &dyn Sql, organization: OrganizationId, id: JobId) -> Result<Option<Job>, SqlError> {
    let text = format!("{SELECT} WHERE organization_id = $1 AND id = $2");
    let statement = sql(text).bind(organization).bind(id).of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// The job that brings the answers to another's questions.
pub(crate) async fn find_continuation(
    database: &dyn Sql,
    organization: OrganizationId,
    id: JobId,
) -> Result<Option<Job>, SqlError> {
    let text = format!("{SELECT} WHERE organization_id = $1 AND continues = $2");
    let statement = sql(text).bind(organization).bind(id).of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// For a worker, which serves every tenant.
pub(crate) async fn find_with_restrictions(
    database: &dyn Sql,
    id: JobId,
) -> Result<Option<(Job, Option<InForce>)>, SqlError> {
    let statement = sql(format!(
        "SELECT j.*, r.restrictions, r.digest FROM ({SELECT} WHERE id = $1) j LEFT JOIN connector_restrictions r \
         ON r.organization_id = j.organization_id AND r.connector = j.connector"
    ))
    .bind(id)
    .across_tenants("a worker runs the jobs of every tenant");
    let row = database.query_optional(statement).await?;
    row.as_ref().map(|row| Ok((read(row)?, InForce::read(row)?))).transpose()
}

pub(crate) async fn find_by_idempotency_key(
    database: &dyn Sql,
    caller: &Caller,
    key: &str,
) -> Result<Option<Job>, SqlError> {
    let statement = sql(format!("{SELECT} WHERE organization_id = $1 AND user_id = $2 AND idempotency_key = $3"))
        .bind(caller.organization)
        .bind(caller.user)
        .bind(key)
        .of(caller.organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// For a worker, which serves every tenant.
pub(crate) async fn queued(database: &dyn Sql, limit: u32) -> Result<Vec<JobId>, SqlError> {
    let statement = sql("SELECT id FROM pipeline_jobs WHERE status = 'queued' ORDER BY id LIMIT $1")
        .bind(limit)
        .across_tenants("the queue is every tenant's");
    database.query(statement).await?.iter().map(|row| row.get("id")).collect()
}

/// For a worker, which serves every tenant.
pub(crate) async fn abandoned(database: &dyn Sql, which: Abandoned, now: Timestamp) -> Result<Vec<Job>, SqlError> {
    let statement = match which {
        Abandoned::Expired => sql(format!("{SELECT} WHERE status = 'running' AND lease_expires_at < $1")).bind(now),
        Abandoned::All => sql(format!("{SELECT} WHERE status = 'running'")),
    };
    let statement = statement.across_tenants("whatever a dead worker left is taken up");
    database.query(statement).await?.iter().map(read).collect()
}

pub(crate) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
    filter: &JobFilter,
    page: &PageRequest,
) -> Result<Vec<Job>, SqlError> {
    // One text for every filter: an absent one is the empty string, which equals no value.
    let statement = sql(format!(
        "{SELECT} WHERE organization_id = $1 AND ($2 = '' OR id < $2) AND ($3 = '' OR status = $3) \
         AND ($4 = '' OR connector = $4) AND ($5 = '' OR tool = $5) AND ($6 = '' OR correlation_id = $6) \
         ORDER BY id DESC LIMIT $7"
    ))
    .bind(organization)
    .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
    .bind(filter.status.map_or("", JobStatus::as_str))
    .bind(filter.connector.as_deref().unwrap_or(""))
    .bind(filter.tool.as_deref().unwrap_or(""))
    .bind(filter.correlation_id.as_deref().unwrap_or(""))
    .bind(i64::from(page.limit) + 1)
    .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

pub(crate) async fn list_events(
    database: &dyn Sql,
    organization: OrganizationId,
    job: JobId,
    after: i64,
    limit: u32,
) -> Result<Vec<Event>, SqlError> {
    let statement = sql("SELECT sequence, level, kind, message, data, created_at FROM pipeline_events \
                         WHERE organization_id = $1 AND job_id = $2 AND sequence > $3 \
                         ORDER BY sequence LIMIT $4")
    .bind(organization)
    .bind(job)
    .bind(after)
    .bind(i64::from(limit) + 1)
    .of(organization);
    database.query(statement).await?.iter().map(read_event).collect()
}

/// A round as a column; nothing when it says nothing.
pub(crate) fn round(round: &Round) -> Option<String> {
    (!round.is_default()).then(|| json(round))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain records of strings and numbers always serialize")
}

fn optional_json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<Option<T>, SqlError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| SqlError::Decode { column: column.to_owned() })
}

fn read(row: &Row) -> Result<Job, SqlError> {
    Ok(Job {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        user: row.get("user_id")?,
        project: row.get("project_id")?,
        connector: row.get("connector")?,
        tool: row.get("tool")?,
        connector_digest: row.get("connector_digest")?,
        read_only: row.get("read_only")?,
        status: row.parse("status")?,
        arguments: row.json("arguments")?,
        round: optional_json(row, "round")?.unwrap_or_default(),
        continues: row.get("continues")?,
        result: optional_json(row, "result")?,
        answers: optional_json(row, "answers")?.unwrap_or_default(),
        error: optional_json(row, "error")?,
        usage: optional_json(row, "usage")?,
        attempts: row.get("attempts")?,
        correlation_id: row.get("correlation_id")?,
        audit_event: row.get("audit_event_id")?,
        lease_number: row.get("lease_number")?,
        request_hash: row.get("request_hash")?,
        cancel_requested_at: row.get("cancel_requested_at")?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}

fn read_event(row: &Row) -> Result<Event, SqlError> {
    Ok(Event {
        sequence: row.get("sequence")?,
        level: row.parse("level")?,
        kind: row.get("kind")?,
        message: row.get("message")?,
        data: optional_json(row, "data")?,
        created_at: row.get("created_at")?,
    })
}
