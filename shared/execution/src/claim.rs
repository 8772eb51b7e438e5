//! Taking a job to run it, and keeping it.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_connectors::InForce;
use bulkhead_kernel::id::{JobId, OrganizationId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Timestamp};

use crate::model::{Job, JobStatus, NewEvent};
use crate::store;

/// Who takes leases, and for how long.
#[derive(Clone, Debug)]
pub struct LeaseTerms {
    /// The worker: one per process, never used again.
    pub owner: String,
    /// How long a lease holds without a heartbeat.
    pub duration: Duration,
}

/// The right to run a job, until it expires. A later lease of the same job has a higher number, and every write
/// under an earlier one is refused.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Its tenant.
    pub organization: OrganizationId,
    /// Which claim of the job this is.
    pub number: i64,
    /// Who holds it.
    pub owner: String,
}

impl Lease {
    pub(crate) fn of(job: &Job, terms: &LeaseTerms) -> Self {
        Self { job: job.id, organization: job.organization, number: job.lease_number, owner: terms.owner.clone() }
    }
}

/// A job that the holder of this value must now run and finish.
#[derive(Clone, Debug)]
pub struct StartedJob {
    /// The job, running.
    pub job: Job,
    /// The right to finish it.
    pub lease: Lease,
    /// What its organisation takes away from the connector, now that it starts.
    pub restrictions: Option<Arc<InForce>>,
    /// Whether it may have been recorded for another version of its connector than it runs in, so that it must be seen whether
    /// it still fits.
    pub replaced: bool,
}

/// Claims a queued job; `None` when it is not queued any more. `digest_of` gives the version that a connector of this slug
/// runs in, if it is installed: from now on the job is one of that version, whatever becomes of its worker.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn claim(
    ports: &Ports,
    terms: &LeaseTerms,
    id: JobId,
    digest_of: impl FnOnce(&str) -> Option<String>,
) -> Result<Option<StartedJob>, SqlError> {
    let database = ports.sql.as_ref();
    let found = store::find_with_restrictions(database, id).await?;
    let Some((mut job, restrictions)) = found.filter(|(job, _)| job.status == JobStatus::Queued) else {
        return Ok(None);
    };
    let now = ports.now();
    let digest = digest_of(&job.connector).unwrap_or_else(|| job.connector_digest.clone());
    // An attempt before this one may have written the version that it ran in, and died before it saw whether the job fits.
    let replaced = digest != job.connector_digest || job.attempts > 0;
    job.connector_digest = digest;
    job.status = JobStatus::Running;
    job.attempts += 1;
    job.lease_number += 1;
    job.started_at.get_or_insert(now);
    let started = NewEvent::info("started", "Started", now);
    let steps = vec![
        store::claim(&job, terms, now.plus(terms.duration)).expecting(1),
        store::append_event(&job, &started).into(),
    ];
    match database.batch(steps).await {
        Ok(_) => {
            let (lease, restrictions) = (Lease::of(&job, terms), restrictions.map(Arc::new));
            Ok(Some(StartedJob { job, lease, restrictions, replaced }))
        }
        Err(error) if error.is_unexpected_rows_at(0) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Jobs that wait for a worker, oldest first. It reads over all tenants: a worker serves every one.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn queued(ports: &Ports, limit: u32) -> Result<Vec<JobId>, SqlError> {
    store::queued(ports.sql.as_ref(), limit).await
}

/// What a heartbeat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// Go on.
    Held {
        /// Somebody asked to cancel the job.
        cancel_requested: bool,
    },
    /// The lease expired and somebody else has the job, or it ended. Stop, and write nothing.
    Lost,
}

/// Prolongs a lease.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn heartbeat(ports: &Ports, lease: &Lease, terms: &LeaseTerms) -> Result<Heartbeat, SqlError> {
    let expires_at: Timestamp = ports.now().plus(terms.duration);
    let row = ports.sql.query_optional(store::heartbeat(lease, expires_at)).await?;
    match row {
        None => Ok(Heartbeat::Lost),
        Some(row) => {
            let requested: Option<i64> = row.get("cancel_requested_at")?;
            Ok(Heartbeat::Held { cancel_requested: requested.is_some() })
        }
    }
}

/// Appends events of a run while it goes on.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn append_events(ports: &Ports, job: &Job, events: &[NewEvent]) -> Result<(), SqlError> {
    if events.is_empty() {
        return Ok(());
    }
    let steps = events.iter().map(|event| store::append_event(job, event).into()).collect();
    ports.sql.batch(steps).await.map(|_| ())
}
