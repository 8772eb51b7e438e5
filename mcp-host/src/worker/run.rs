//! One job, from its lease to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bulkhead_connectors::InForce;
use bulkhead_execution::{
    CallableTool, Ended, FinishError, Heartbeat, Job, JobError, JobErrorKind, Lease, NewEvent, Outcome, StartedJob,
};
use bulkhead_kernel::CorrelationId;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::credentials::{Account, Found};
use super::throttle::Turn;
use super::{Change, Worker};
use crate::connections::Use;
use crate::sandbox::{Connector, Invocation, Observer, Operation, RunReport, canceled};

/// How often recording an end is tried while the database is away.
const FINISH_ATTEMPTS: u32 = 5;

impl Worker {
    /// Runs the job and records its end; `None` when the end is not recorded, or is somebody else's to record. One that has
    /// a place of the queue's does not wait for its turn, and so keeps nobody else from that place.
    pub(super) async fn run(
        &self,
        started: StartedJob,
        connector: Option<Arc<Connector>>,
        cancel: CancellationToken,
        observer: Option<Observer>,
        has_place: bool,
    ) -> Option<Job> {
        let StartedJob { job, lease, restrictions, replaced } = started;
        let span = tracing::info_span!(
            "call",
            tool = %format_args!("{}_{}", job.connector, job.tool),
            job = %job.id,
            organization = %job.organization,
            correlation_id = %job.correlation_id,
        );
        let stop = CancellationToken::new();
        async {
            let metrics = self.0.metrics.started(&job.connector, &job.tool);
            let correlation = CorrelationId::accept(Some(&job.correlation_id), self.0.ports.entropy.as_ref());
            let call = used_by(&job, &correlation);
            let execution = self.execute(&job, call, (connector.as_deref(), replaced), restrictions, observer, &stop);
            let execution =
                async { if has_place { execution.await } else { self.in_turn(&job, execution, &stop).await } };
            let Executed { mut report, account, turn } = {
                let mut execution = pin!(execution);
                tokio::select! {
                    executed = &mut execution => executed,
                    stopped = self.until_stopped(&lease, &cancel) => {
                        if matches!(stopped, Stopped::LeaseLost) {
                            tracing::warn!("the lease was lost; the run is stopped and nothing is recorded");
                            return None;
                        }
                        // Not dropped: what the tool did until now is the job's.
                        stop.cancel();
                        execution.await
                    }
                }
            };
            if matches!(&report.outcome, Outcome::Failed(error) if error.kind == JobErrorKind::Canceled) {
                report.events.push(NewEvent::info("canceled", "The tool was stopped", self.0.ports.clock.now()));
            }
            if let (Some(account), Some(connector)) = (account, connector.as_deref()) {
                // The tool has ended, so nobody cancels it any more: what it did stands, and is recorded.
                let lost = tokio::select! {
                    () = self.look_after(account, call, connector, &mut report) => false,
                    stopped = self.until_stopped(&lease, &cancel) => matches!(stopped, Stopped::LeaseLost),
                };
                if lost {
                    tracing::warn!("the lease was lost before the end could be recorded");
                    return None;
                }
            }
            let broke_rules = report.broke_rules;
            let job = self.finish(job, &lease, report).await?;
            if let Some(turn) = turn {
                turn.ended(broke_rules);
            }
            metrics.ended(&job);
            let status = job.status.as_str();
            let error = job.error.as_ref().map(|error| error.kind.as_str());
            tracing::info!(status, error, wall_us = job.usage.map(|usage| usage.wall_us), "job ended");
            Some(job)
        }
        .instrument(span)
        .await
    }

    async fn execute(
        &self,
        job: &Job,
        call: Use<'_>,
        (connector, replaced): (Option<&Connector>, bool),
        restrictions: Option<Arc<InForce>>,
        observer: Option<Observer>,
        stop: &CancellationToken,
    ) -> Executed {
        match connector {
            Some(connector) => {
                if restrictions.as_ref().is_some_and(|in_force| !in_force.restrictions.allow_tool(&job.tool)) {
                    return RunReport::failed(restricted(job)).into();
                }
                if replaced && let Err(error) = still_fits(job, connector.tool(&job.tool).map(AsRef::as_ref)) {
                    return RunReport::failed(error).into();
                }
                let found = tokio::select! {
                    found = self.credentials(call, connector) => found,
                    () = stop.cancelled() => Err(canceled()),
                };
                let Found { credentials, event, account } = match found {
                    Ok(found) => found,
                    Err(error) => return RunReport::failed(error).into(),
                };
                // Not by its `Display`, which writes every part of it through a formatter.
                let arguments = serde_json::to_string(&job.arguments).expect("a JSON value always serializes");
                let operation = Operation::Tool { name: job.tool.clone(), arguments };
                let (round, stop) = (job.round.clone(), Some(stop.clone()));
                let invocation = Invocation { operation, round, credentials, restrictions, observer, stop };
                let mut report = connector.call(invocation).await;
                self.tell(job, connector, &report.updated);
                drop(report.events.splice(..0, event));
                Executed { report, account, turn: None }
            }
            None => {
                let message = format!("the connector {} is not installed on this host", job.connector);
                let error = JobError::new(JobErrorKind::ConnectorUnavailable, message);
                RunReport::failed(error).into()
            }
        }
    }

    /// Waits until the call may run, runs it, and says so if it had to wait.
    async fn in_turn(
        &self,
        job: &Job,
        execution: impl Future<Output = Executed>,
        stop: &CancellationToken,
    ) -> Executed {
        let (turn, waited) = tokio::select! {
            turn = self.turn(job.organization, job.user, &job.connector) => turn,
            () = stop.cancelled() => return RunReport::failed(canceled()).into(),
        };
        let event = waited.map(|waited| {
            let message = format!(
                "Waited {} ms: calls of this connector by the same user broke rules, so fewer run at once",
                waited.as_millis()
            );
            NewEvent::info("throttled", message, self.0.ports.clock.now())
        });
        let mut executed = execution.await;
        drop(executed.report.events.splice(..0, event));
        Executed { turn: Some(turn), ..executed }
    }

    /// Tells the organisation's subscribers of resources that the run has changed. A connector can speak of no other's.
    fn tell(&self, job: &Job, connector: &Connector, updated: &[String]) {
        let schemes = &connector.listing().schemes;
        let is_own =
            |uri: &&String| uri.split_once(':').is_some_and(|(scheme, _)| schemes.iter().any(|own| own == scheme));
        for uri in updated.iter().filter(is_own) {
            self.0.changes.tell(Change::Resource { organization: job.organization, uri: uri.clone() });
        }
    }

    /// Keeps the lease while the tool runs, until it must stop.
    async fn until_stopped(&self, lease: &Lease, cancel: &CancellationToken) -> Stopped {
        tokio::select! {
            stopped = self.keep(lease) => stopped,
            () = cancel.cancelled() => Stopped::CancelRequested,
        }
    }

    /// Keeps the lease while the tool runs. Ends only when the run must stop.
    async fn keep(&self, lease: &Lease) -> Stopped {
        let third = self.0.terms.duration / 3;
        let mut deadline = tokio::time::Instant::now() + self.0.terms.duration;
        loop {
            tokio::time::sleep(third).await;
            match bulkhead_execution::heartbeat(&self.0.ports, lease, &self.0.terms).await {
                Ok(Heartbeat::Held { cancel_requested: true }) => return Stopped::CancelRequested,
                Ok(Heartbeat::Held { .. }) => deadline = tokio::time::Instant::now() + self.0.terms.duration,
                Ok(Heartbeat::Lost) => return Stopped::LeaseLost,
                Err(error) if tokio::time::Instant::now() >= deadline => {
                    tracing::error!(%error, "no heartbeat reached the database before the lease expired");
                    return Stopped::LeaseLost;
                }
                Err(error) => tracing::warn!(%error, "a heartbeat failed"),
            }
        }
    }

    /// Records the end. A database that is away for a moment does not cost the result.
    async fn finish(&self, job: Job, lease: &Lease, report: RunReport) -> Option<Job> {
        let RunReport { outcome, usage, events, .. } = report;
        let ended = Ended::new(&self.0.ports, job, outcome, Some(usage), events);
        let mut pause = Duration::from_millis(50);
        for attempt in 1..=FINISH_ATTEMPTS {
            match ended.record(&self.0.ports, lease).await {
                Ok(()) => return Some(ended.into_job()),
                Err(FinishError::StaleLease) => {
                    tracing::warn!("the lease was lost before the end could be recorded");
                    return None;
                }
                Err(FinishError::Sql(error)) => {
                    tracing::error!(%error, attempt, "the end of a job could not be recorded");
                    tokio::time::sleep(pause).await;
                    pause *= 4;
                }
            }
        }
        None
    }
}

/// Whether a job that was recorded for another version of its connector can run in this one, which has this tool of its name.
fn still_fits(job: &Job, tool: Option<&CallableTool>) -> Result<(), JobError> {
    let Some(tool) = tool else {
        let message = format!("the connector {} was replaced and has no tool {:?} any more", job.connector, job.tool);
        return Err(JobError::new(JobErrorKind::ConnectorUnavailable, message));
    };
    // Nobody has asked whether the caller may change something, and a worker's death would have it run again.
    if job.read_only && !tool.read_only {
        let message = format!(
            "the connector {} was replaced since the call, and its tool {:?} may change something now; call it again if that \
             is meant",
            job.connector, job.tool
        );
        return Err(JobError::new(JobErrorKind::ConnectorUnavailable, message));
    }
    let faults = tool.check(&job.arguments);
    if faults.is_empty() {
        return Ok(());
    }
    let message = "the connector was replaced since the call, and its tool can't use these arguments any more";
    Err(JobError::new(JobErrorKind::InvalidArguments, message).with_details(json!({ "faults": faults })))
}

/// The organisation took the tool away between the call and the run.
fn restricted(job: &Job) -> JobError {
    let message = format!("the organization does not allow the tool {} of {} any more", job.tool, job.connector);
    JobError::new(JobErrorKind::ToolRestricted, message)
}

/// What a run came to, the account that it acted with, and its turn, which is over when its end is recorded.
struct Executed {
    report: RunReport,
    account: Option<Account>,
    turn: Option<Turn>,
}

impl From<RunReport> for Executed {
    fn from(report: RunReport) -> Self {
        Self { report, account: None, turn: None }
    }
}

/// Who calls, and for what.
fn used_by<'a>(job: &Job, correlation: &'a CorrelationId) -> Use<'a> {
    let &Job { organization, user, project, id, .. } = job;
    Use { organization, user, project, job: Some(id), correlation }
}

enum Stopped {
    CancelRequested,
    LeaseLost,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bulkhead_execution::{JobStatus, Round};
    use bulkhead_kernel::Timestamp;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    fn job(read_only: bool, arguments: Value) -> Job {
        let id = Uuid::nil();
        Job {
            id: id.into(),
            organization: id.into(),
            user: id.into(),
            project: None,
            connector: "box".to_owned(),
            tool: "open".to_owned(),
            connector_digest: "sha256:1".to_owned(),
            read_only,
            status: JobStatus::Running,
            arguments,
            round: Round::default(),
            continues: None,
            result: None,
            answers: BTreeMap::new(),
            error: None,
            usage: None,
            attempts: 1,
            correlation_id: "test".to_owned(),
            audit_event: id.into(),
            lease_number: 1,
            request_hash: String::new(),
            cancel_requested_at: None,
            created_at: Timestamp::from_millis(0),
            started_at: None,
            finished_at: None,
        }
    }

    fn tool(read_only: bool) -> CallableTool {
        let schema = json!({ "type": "object", "properties": { "key": { "type": "string" } }, "required": ["key"] });
        CallableTool::new("box", "open", "sha256:2", read_only, &schema).expect("a schema")
    }

    #[test]
    fn a_job_fits_another_version_that_does_no_more_than_the_one_it_was_recorded_for() {
        let arguments = || json!({ "key": "k" });
        for (accepted, offered) in [(true, true), (false, false), (false, true)] {
            assert_eq!(still_fits(&job(accepted, arguments()), Some(&tool(offered))), Ok(()), "{accepted} {offered}");
        }
    }

    #[test]
    fn a_job_that_no_longer_fits_is_refused_as_what_it_is() {
        let refused = |job: &Job, tool: Option<CallableTool>| still_fits(job, tool.as_ref()).expect_err("is refused");
        let good = job(true, json!({ "key": "k" }));
        let gone = refused(&good, None);
        assert_eq!((gone.kind, gone.message.contains("has no tool")), (JobErrorKind::ConnectorUnavailable, true));

        let writes = refused(&good, Some(tool(false)));
        assert_eq!(writes.kind, JobErrorKind::ConnectorUnavailable);
        assert!(writes.message.contains("may change something now"), "{}", writes.message);

        let wrong = refused(&job(true, json!({ "key": 1 })), Some(tool(true)));
        assert_eq!(wrong.kind, JobErrorKind::InvalidArguments);
        let faults = wrong.details.expect("faults");
        assert_eq!(faults["faults"][0]["pointer"], "/key", "{faults}");
    }
}
