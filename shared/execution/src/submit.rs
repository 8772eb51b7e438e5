//! From a call to a recorded job.

use std::collections::BTreeMap;
use std::sync::Arc;

use bulkhead_audit::{AuditEvent, Target};
use bulkhead_connectors::{InForce, KnownRestrictions};
use bulkhead_identity::ProjectRole;
use bulkhead_kernel::id::{JobId, ProjectId};
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Denied, Fault, Permission, Ports};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalogue::{CallableTool, Catalogue, LookupError};
use crate::claim::{Lease, LeaseTerms, StartedJob};
use crate::model::{Job, JobStatus, NewEvent};
use crate::project::refuse_project;
use crate::round::Round;
use crate::store;

/// A call, as either door takes it.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The connector's slug.
    pub connector: String,
    /// The tool's name.
    pub tool: String,
    /// The arguments: an object, or the call is refused.
    pub arguments: Value,
    /// The project whose connected accounts it may use.
    pub project: Option<ProjectId>,
    /// What came from earlier rounds of the same call.
    pub round: Round,
    /// The job whose questions it brings the answers to. They can be answered once.
    pub continues: Option<JobId>,
    /// The same key with the same call gives the same job.
    pub idempotency_key: Option<String>,
    /// The request that it comes with.
    pub correlation_id: CorrelationId,
}

/// Why a call becomes no job. Each is recorded in the audit trail.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such connector.
    #[error("{0}")]
    UnknownConnector(String),
    /// The connector has no such tool.
    #[error("{0}")]
    UnknownTool(String),
    /// The organisation does not allow the tool.
    #[error("your organization does not allow the tool {1} of the connector {0}; its owners and admins can")]
    ToolRestricted(String, String),
    /// The organisation has no such project, or none in which the caller has a role.
    #[error("there is no project of this id in which you have a role; GET /v1/projects lists yours")]
    UnknownProject,
    /// The caller has too low a role in the project.
    #[error("calling tools in a project takes the role {} in it; ask a maintainer of it", .0.as_str())]
    ProjectRole(ProjectRole),
    /// The arguments miss the schema.
    #[error("the arguments do not meet the tool's input schema: {} fault(s)", .0.len())]
    InvalidArguments(Vec<Fault>),
    /// The idempotency key was used for another call.
    #[error("this idempotency key was used for another call; use a new one")]
    IdempotencyKeyReused,
    /// The tool may change something, for which the caller's token lacks this scope.
    #[error("the tool may change something; that needs a token with the scope {0:?}")]
    InsufficientScope(String),
    /// The caller may not call tools.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The idempotency key is empty or too long.
    #[error("an idempotency key has 1 to {max} characters", max = MAX_IDEMPOTENCY_KEY)]
    InvalidIdempotencyKey,
}

/// Why a call was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It was refused, and that is recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The tool can't be called because its schema is broken.
    #[error("{0}")]
    Broken(String),
    /// The database did not take it. Nothing was recorded, nothing will run.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What a call became.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The job.
    pub job: Job,
    /// Whether the idempotency key had made it before.
    pub replayed: bool,
}

/// More characters than this are refused as an idempotency key.
pub(crate) const MAX_IDEMPOTENCY_KEY: usize = 255;

/// How often a call is looked at again because its organisation changed what it allows at the same moment.
const MAX_LOOKS: usize = 5;

/// Records a call as a queued job.
///
/// # Errors
/// [`SubmitError`]; when it is returned no job was recorded.
pub async fn submit(
    ports: &Ports,
    caller: &Caller,
    catalogue: &dyn Catalogue,
    call: ToolCall,
) -> Result<Submission, SubmitError> {
    let known = KnownRestrictions::default();
    known.read_again(ports, caller.organization, &call.connector).await?;
    let (tool, in_force) = admit(ports, caller, catalogue, &known, &call).await?;
    let key = call.idempotency_key.clone();
    let (job, audit) = new_job(ports, caller, &tool, call);
    let events = [queued_event(&job)];
    let steps = |digest: &str| {
        vec![
            store::insert_job(&job, key.as_deref(), None, digest).expecting(1),
            store::insert_first_events(&job, &events).into(),
            bulkhead_audit::begin(&audit).into(),
        ]
    };
    match (record(ports, caller, &known, &job, in_force, steps).await, key) {
        (Ok(_), _) => Ok(Submission { job, replayed: false }),
        (Err(SubmitError::Sql(SqlError::UniqueViolation(_))), Some(key)) => replay(ports, caller, &job, &key).await,
        (Err(error), _) => Err(error),
    }
}

/// Records a call as a job that its submitter already runs, in the same atomic write: nobody else can claim it. `known` is
/// what the process knows of restrictions: the write holds only while that is true.
///
/// # Errors
/// [`SubmitError`]; when it is returned no job was recorded.
pub async fn submit_claimed(
    ports: &Ports,
    caller: &Caller,
    catalogue: &dyn Catalogue,
    known: &KnownRestrictions,
    call: ToolCall,
    terms: &LeaseTerms,
) -> Result<StartedJob, SubmitError> {
    let (tool, in_force) = admit(ports, caller, catalogue, known, &call).await?;
    let (mut job, audit) = new_job(ports, caller, &tool, call);
    let queued = queued_event(&job);
    job.status = JobStatus::Running;
    job.attempts = 1;
    job.lease_number = 1;
    job.started_at = Some(job.created_at);
    let events = [queued, NewEvent::info("started", "Started", job.created_at)];
    let steps = |digest: &str| {
        vec![
            store::insert_job(&job, None, Some((terms, job.created_at.plus(terms.duration))), digest).expecting(1),
            store::insert_first_events(&job, &events).into(),
            bulkhead_audit::begin(&audit).into(),
        ]
    };
    let restrictions = record(ports, caller, known, &job, in_force, steps).await?;
    Ok(StartedJob { lease: Lease::of(&job, terms), job, restrictions, replaced: false })
}

/// Who, may they, and with what: everything that can refuse a call before it is recorded.
async fn admit(
    ports: &Ports,
    caller: &Caller,
    catalogue: &dyn Catalogue,
    known: &KnownRestrictions,
    call: &ToolCall,
) -> Result<(Arc<CallableTool>, Option<Arc<InForce>>), SubmitError> {
    if let Err(denied) = caller.may(Permission::CallTools) {
        let target = tool_target(&call.connector, &call.tool);
        return Err(refuse(ports, caller, target, &call.correlation_id, denied.into()).await);
    }
    if let Some(project) = call.project
        && let Some(refusal) = refuse_project(ports, caller, project).await?
    {
        let target = tool_target(&call.connector, &call.tool);
        return Err(refuse(ports, caller, target, &call.correlation_id, refusal).await);
    }
    let refusal = match catalogue.find(&call.connector, &call.tool).await {
        Ok(tool) => {
            let mut in_force = known.get(caller.organization, &call.connector);
            if !allow(in_force.as_deref(), &call.tool) {
                // It may have been lifted since.
                in_force = known.read_again(ports, caller.organization, &call.connector).await?;
            }
            let faults = tool.check(&call.arguments);
            let key_is_sane =
                call.idempotency_key.as_ref().is_none_or(|key| (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()));
            let missing_scope = caller.missing_write_scope().filter(|_| !tool.read_only);
            match (allow(in_force.as_deref(), &call.tool), missing_scope, faults.is_empty(), key_is_sane) {
                (true, None, true, true) => return Ok((tool, in_force)),
                (false, _, _, _) => Refusal::ToolRestricted(call.connector.clone(), call.tool.clone()),
                (true, Some(scope), _, _) => Refusal::InsufficientScope(scope.to_owned()),
                (true, None, false, _) => Refusal::InvalidArguments(faults),
                (true, None, true, false) => Refusal::InvalidIdempotencyKey,
            }
        }
        Err(error @ LookupError::UnknownConnector(_)) => Refusal::UnknownConnector(error.to_string()),
        Err(error @ LookupError::UnknownTool { .. }) => Refusal::UnknownTool(error.to_string()),
        Err(LookupError::InvalidSchema(error)) => return Err(SubmitError::Broken(error.to_string())),
        Err(LookupError::Sql(error)) => return Err(error.into()),
    };
    let target = tool_target(&call.connector, &call.tool);
    Err(refuse(ports, caller, target, &call.correlation_id, refusal).await)
}

/// Whether the organisation allows the tool.
fn allow(in_force: Option<&InForce>, tool: &str) -> bool {
    in_force.is_none_or(|in_force| in_force.restrictions.allow_tool(tool))
}

/// Records the refusal; if even that fails, the caller learns that nothing works.
async fn refuse(
    ports: &Ports,
    caller: &Caller,
    target: Target,
    correlation: &CorrelationId,
    refusal: Refusal,
) -> SubmitError {
    let event = AuditEvent::pending(ports, caller, "tool.call", target, correlation);
    match bulkhead_audit::record_refusal(ports, &event.refused(refusal.to_string())).await {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}

fn tool_target(connector: &str, tool: &str) -> Target {
    // Names come from the request here: what is longer than any real one is cut.
    let cut = |text: &str| text.chars().take(64).collect::<String>();
    Target { kind: "tool".to_owned(), id: format!("{}/{}", cut(connector), cut(tool)) }
}

fn new_job(ports: &Ports, caller: &Caller, tool: &CallableTool, call: ToolCall) -> (Job, AuditEvent) {
    let id: JobId = ports.new_id();
    let target = tool_target(&tool.connector, &tool.tool);
    let mut audit = AuditEvent::pending(ports, caller, "tool.call", target, &call.correlation_id);
    audit.job = Some(id);
    // Only another call with the same key is ever compared with it.
    let request_hash = call.idempotency_key.as_ref().map(|_| hash(&call)).unwrap_or_default();
    let job = Job {
        id,
        organization: caller.organization,
        user: caller.user,
        project: call.project,
        connector: call.connector,
        tool: call.tool,
        connector_digest: tool.digest.clone(),
        read_only: tool.read_only,
        status: JobStatus::Queued,
        arguments: call.arguments,
        round: call.round,
        continues: call.continues,
        result: None,
        answers: BTreeMap::new(),
        error: None,
        usage: None,
        attempts: 0,
        correlation_id: call.correlation_id.to_string(),
        audit_event: audit.id,
        lease_number: 0,
        request_hash,
        cancel_requested_at: None,
        created_at: audit.occurred_at,
        started_at: None,
        finished_at: None,
    };
    (job, audit)
}

fn hash(call: &ToolCall) -> String {
    let mut text = format!("{}\n{}\n{}", call.connector, call.tool, call.arguments);
    if let Some(round) = store::round(&call.round) {
        text.push('\n');
        text.push_str(&round);
    }
    if let Some(project) = call.project {
        text.push_str(&format!("\nin project {project}"));
    }
    hex::encode(Sha256::digest(text))
}

fn queued_event(job: &Job) -> NewEvent {
    NewEvent::info("queued", format!("Queued {}.{}", job.connector, job.tool), job.created_at)
}

/// Writes the job while the restrictions are those that the call was checked against, and gives these.
async fn record(
    ports: &Ports,
    caller: &Caller,
    known: &KnownRestrictions,
    job: &Job,
    mut in_force: Option<Arc<InForce>>,
    steps: impl Fn(&str) -> Vec<Step>,
) -> Result<Option<Arc<InForce>>, SubmitError> {
    for _ in 0..MAX_LOOKS {
        let digest = in_force.as_ref().map_or("", |in_force| in_force.digest.as_str());
        match ports.sql.batch(steps(digest)).await {
            Ok(_) => return Ok(in_force),
            Err(error) if error.is_unexpected_rows_at(0) => {}
            Err(error) => return Err(error.into()),
        }
        in_force = known.read_again(ports, caller.organization, &job.connector).await?;
        if !allow(in_force.as_deref(), &job.tool) {
            let refusal = Refusal::ToolRestricted(job.connector.clone(), job.tool.clone());
            return Err(refuse_job(ports, caller, job, refusal).await);
        }
    }
    Err(SqlError::Unavailable("the organization kept changing what it allows while the call was recorded".to_owned())
        .into())
}

/// The job that this idempotency key has made before, if that was the same call.
async fn replay(ports: &Ports, caller: &Caller, job: &Job, key: &str) -> Result<Submission, SubmitError> {
    let existing = store::find_by_idempotency_key(ports.sql.as_ref(), caller, key).await?;
    match existing {
        Some(existing) if existing.request_hash == job.request_hash => Ok(Submission { job: existing, replayed: true }),
        _ => Err(refuse_job(ports, caller, job, Refusal::IdempotencyKeyReused).await),
    }
}

/// Refuses what can't be recorded as this job.
async fn refuse_job(ports: &Ports, caller: &Caller, job: &Job, refusal: Refusal) -> SubmitError {
    let correlation = CorrelationId::accept(Some(&job.correlation_id), ports.entropy.as_ref());
    refuse(ports, caller, tool_target(&job.connector, &job.tool), &correlation, refusal).await
}
