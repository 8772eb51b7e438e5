//! Reading: prompts, resources and completions. They become no job; who read what is in the audit trail.

use std::sync::Arc;

use bulkhead_audit::{AuditEvent, Outcome as AuditOutcome, Target};
use bulkhead_execution::{JobError, JobErrorKind, Outcome, Refusal, refuse_project};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Worker;
use super::credentials::Account;
use crate::connections::Use;
use crate::sandbox::{Connector, Invocation, Operation, RunReport, canceled};

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The connector did not give it.
    #[error("{}", .0.message)]
    Failed(JobError),
    /// It was refused, and that is recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be recorded, so it was not done.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The process is shutting down, or the run broke.
    #[error("the host is shutting down; try again in a moment")]
    Draining,
}

impl Worker {
    /// Reads in a fresh instance, in a project if the caller names one, and gives MCP's result. What the connector is asked is
    /// audited before and after; completions are not, because they reach nothing outside the sandbox.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read(
        &self,
        (caller, project): (&Caller, Option<ProjectId>),
        correlation: &CorrelationId,
        connector: Arc<Connector>,
        invocation: Invocation,
        cancel: CancellationToken,
    ) -> Result<Value, ReadError> {
        if self.0.draining.is_cancelled() {
            return Err(ReadError::Draining);
        }
        let ports = &self.0.ports;
        let slug = connector.entry().slug.as_str();
        let audited = audited(slug, &invocation.operation)
            .map(|(action, target)| AuditEvent::pending(ports, caller, action, target, correlation));
        if let (Some(project), Some(event)) = (project, &audited)
            && let Some(refusal) = refuse_project(ports, caller, project).await?
        {
            bulkhead_audit::record_refusal(ports, &event.clone().refused(refusal.to_string())).await?;
            return Err(refusal.into());
        }
        if let Some(event) = &audited {
            ports.sql.execute(bulkhead_audit::begin(event)).await?;
        }
        let (worker, caller, correlation) = (self.clone(), caller.clone(), correlation.clone());
        // A task of its own: the entry is completed also when whoever asked goes away.
        let running = self.0.tasks.spawn(async move {
            let used = call(&caller, project, &correlation);
            let reading = async {
                let (turn, _) = worker.turn(used.organization, used.user, connector.entry().slug.as_str()).await;
                (worker.do_read(used, &connector, invocation).await, Some(turn))
            };
            let ((mut report, account), turn) = tokio::select! {
                read = reading => read,
                () = cancel.cancelled() => {
                    ((RunReport::failed(canceled()), None), None)
                }
            };
            if let Some(account) = account {
                // It has been read, so nobody cancels that any more.
                tokio::select! {
                    () = worker.look_after(account, used, &connector, &mut report) => {}
                    () = cancel.cancelled() => {}
                }
            }
            let outcome = report.outcome;
            if let Some(event) = audited {
                worker.complete(&event, &outcome).await?;
            }
            if let Some(turn) = turn {
                turn.ended(report.broke_rules);
            }
            match outcome {
                Outcome::Succeeded(result) => Ok(result),
                Outcome::Failed(error) => Err(ReadError::Failed(error)),
            }
        });
        running.await.map_err(|_| ReadError::Draining)?
    }

    async fn do_read(
        &self,
        call: Use<'_>,
        connector: &Connector,
        mut invocation: Invocation,
    ) -> (RunReport, Option<Account>) {
        let organization = call.organization;
        let slug = connector.entry().slug.as_str();
        match bulkhead_connectors::find_restrictions(&self.0.ports, organization, slug).await {
            Ok(found) => invocation.restrictions = found.map(Arc::new),
            Err(error) => {
                tracing::error!(connector = slug, %error, "an organization's restrictions could not be read");
                let message = format!("what the organization allows of {slug} can't be read; try again");
                return (RunReport::failed(JobError::new(JobErrorKind::ConnectorUnavailable, message)), None);
            }
        }
        let mut account = None;
        if !matches!(invocation.operation, Operation::Completion { .. }) {
            match self.credentials(call, connector).await {
                Ok(found) => (invocation.credentials, account) = (found.credentials, found.account),
                Err(error) => return (RunReport::failed(error), None),
            }
        }
        (connector.call(invocation).await, account)
    }

    async fn complete(&self, event: &AuditEvent, outcome: &Outcome) -> Result<(), SqlError> {
        let (outcome, reason) = match outcome {
            Outcome::Succeeded(_) => (AuditOutcome::Succeeded, None),
            Outcome::Failed(error) if error.kind == JobErrorKind::Canceled => (AuditOutcome::Canceled, None),
            Outcome::Failed(error) => (AuditOutcome::Failed, Some(error.kind.as_str())),
        };
        let ports = &self.0.ports;
        let statement = bulkhead_audit::complete(event.organization, event.id, outcome, reason, ports.now());
        ports.sql.execute(statement).await.map(|_| ())
    }
}

/// What is read becomes no job.
fn call<'a>(caller: &Caller, project: Option<ProjectId>, correlation: &'a CorrelationId) -> Use<'a> {
    Use { organization: caller.organization, user: caller.user, project, job: None, correlation }
}

fn audited(slug: &str, operation: &Operation) -> Option<(&'static str, Target)> {
    // Addresses come from the request: what is longer than any real one is cut.
    let cut = |text: &str| text.chars().take(256).collect::<String>();
    match operation {
        Operation::Prompt { name, .. } => {
            Some(("prompt.get", Target { kind: "prompt".to_owned(), id: format!("{slug}/{}", cut(name)) }))
        }
        // A query may hold what is private.
        Operation::Resource { uri } => {
            let address = uri.split(['?', '#']).next().unwrap_or_default();
            Some(("resource.read", Target { kind: "resource".to_owned(), id: cut(address) }))
        }
        Operation::Tool { .. } | Operation::Completion { .. } => None,
    }
}
