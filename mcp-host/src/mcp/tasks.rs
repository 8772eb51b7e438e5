//! The extension `io.modelcontextprotocol/tasks` (SEP-2663): a call that takes long becomes a task, which is its job.

use std::collections::BTreeMap;
use std::time::Duration;

use bulkhead_audit::AdmitError;
use bulkhead_execution::{InputRequired, Job, JobStatus, Kept, ToolCall};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Denied};
use rmcp::ErrorData;
use rmcp::model::{
    CallToolResponse, CancelTaskParams, CreateTaskResult, DetailedTask, GetTaskParams, GetTaskResult, Task,
    TaskPayload, TaskStatus, UpdateTaskParams,
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::handler::{Request, Shared};
use super::{call, input, result};
use crate::sandbox::Observer;
use crate::worker::{CallError, Worker};

/// What became of a call within a client's patience.
pub(super) enum Called {
    /// It ended.
    Ended(Box<Job>),
    /// It goes on.
    GoesOn(JobId),
}

/// Calls, and waits for so long. Until then a client that goes away ends the call; afterwards it goes on.
pub(super) async fn call(
    worker: &Worker,
    caller: &Caller,
    call: ToolCall,
    gone: &CancellationToken,
    observer: Option<Observer>,
    patience: Duration,
) -> Result<Called, CallError> {
    let cancel = CancellationToken::new();
    let mut started = worker.start(caller, call, cancel.clone(), observer).await?;
    if patience.is_zero() {
        return Ok(Called::GoesOn(started.id));
    }
    tokio::select! {
        job = started.end() => return ended(job),
        () = tokio::time::sleep(patience) => return Ok(Called::GoesOn(started.id)),
        () = gone.cancelled() => cancel.cancel(),
    }
    ended(started.end().await)
}

fn ended(job: Result<Job, CallError>) -> Result<Called, CallError> {
    job.map(|job| Called::Ended(Box::new(job)))
}

/// The task that a call has become.
pub(super) async fn created(
    shared: &Shared,
    caller: &Caller,
    id: JobId,
    correlation: &CorrelationId,
) -> Result<CallToolResponse, ErrorData> {
    let job = bulkhead_execution::get(&shared.ports, caller, id, correlation).await.map_err(unread)?;
    let job = job.ok_or_else(|| unknown(&id.to_string()))?;
    let mut created = CreateTaskResult::new(task(shared, id, &job));
    created.meta = Some(result::job_meta(&job));
    Ok(created.into())
}

/// `tasks/get`.
pub(super) async fn get(shared: &Shared, who: &Request, request: GetTaskParams) -> Result<GetTaskResult, ErrorData> {
    let (id, job) = find(shared, who, &request.task_id).await?;
    Ok(GetTaskResult::new(DetailedTask::new(task(shared, id, &job), payload(job)?)))
}

/// `tasks/update`: keeps what came, and when nothing is open any more, begins the next round of the call, in a job of its
/// own. The specification has answers come one by one, and those that nobody waits for ignored.
pub(super) async fn update(shared: &Shared, who: Request, request: UpdateTaskParams) -> Result<(), ErrorData> {
    let (_, mut job) = find(shared, &who, &request.task_id).await?;
    if job.user != who.caller.user {
        return Err(unknown(&request.task_id));
    }
    if job.result.as_ref().and_then(InputRequired::of_result).is_some() {
        let kept = bulkhead_execution::keep_answers(&shared.ports, &who.caller, job, request.input_responses).await;
        match kept.map_err(unavailable)? {
            Kept::Complete(complete) => job = *complete,
            Kept::Incomplete => return Ok(()),
        }
    }
    let call = bulkhead_execution::answer(job, BTreeMap::new(), who.correlation)
        .map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
    let name = format!("{}_{}", call.connector, call.tool);
    match shared.worker.start(&who.caller, call, CancellationToken::new(), None).await {
        Ok(_) => Ok(()),
        // Somebody else answered at the same time, and one answer is enough.
        Err(CallError::Submit(bulkhead_execution::SubmitError::Sql(SqlError::UniqueViolation(_)))) => Ok(()),
        Err(error) => call::refused(&who.gap, &name, error).map(|_| ()),
    }
}

/// `tasks/cancel`.
pub(super) async fn cancel(shared: &Shared, who: &Request, request: CancelTaskParams) -> Result<(), ErrorData> {
    let (_, job) = find(shared, who, &request.task_id).await?;
    let canceled = bulkhead_execution::cancel(&shared.ports, &who.caller, job.id, &who.correlation).await;
    canceled.map_err(unread)?;
    shared.worker.cancel(job.id);
    Ok(())
}

/// The task's id and the job of its last round.
async fn find(shared: &Shared, who: &Request, task: &str) -> Result<(JobId, Job), ErrorData> {
    let id: JobId = task.parse().map_err(|_| unknown(task))?;
    let job = bulkhead_execution::last_round(&shared.ports, &who.caller, id, &who.correlation).await.map_err(unread)?;
    Ok((id, job.ok_or_else(|| unknown(task))?))
}

fn task(shared: &Shared, id: JobId, job: &Job) -> Task {
    let changed = job.finished_at.or(job.started_at).unwrap_or(job.created_at);
    let status = match job.status {
        JobStatus::Queued | JobStatus::Running => TaskStatus::Working,
        JobStatus::Canceled => TaskStatus::Cancelled,
        _ => TaskStatus::Completed,
    };
    Task::new(id.to_string(), status, job.created_at.to_string(), changed.to_string())
        .with_poll_interval_ms(shared.config.task_poll_ms)
}

/// A tool that failed has a result that says so; only what is no result at all fails a task.
fn payload(job: Job) -> Result<TaskPayload, ErrorData> {
    match job.status {
        JobStatus::Queued | JobStatus::Running => return Ok(TaskPayload::Working),
        JobStatus::Canceled => return Ok(TaskPayload::Cancelled),
        JobStatus::Succeeded | JobStatus::Failed => {}
    }
    if let Some(mut asked) = job.result.as_ref().and_then(InputRequired::of_result) {
        asked.requests.retain(|key, _| !job.answers.contains_key(key));
        let input_requests = input::requests(asked.requests, job.round.capabilities)?;
        return Ok(TaskPayload::InputRequired { input_requests });
    }
    let result =
        serde_json::to_value(result::of_job(job)).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    Ok(TaskPayload::Completed { result: object(result) })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn unknown(task: &str) -> ErrorData {
    let task: String = task.chars().take(64).collect();
    ErrorData::invalid_params(format!("there is no task {task:?}"), None)
}

fn unread(error: AdmitError) -> ErrorData {
    match error {
        AdmitError::Denied(error) => denied(error),
        AdmitError::Sql(error) => unavailable(error),
    }
}

/// What the caller may not do, and what that takes.
pub(super) fn denied(denied: Denied) -> ErrorData {
    let missing = match denied {
        Denied::Role(role) => json!({ "role": role }),
        Denied::Scope(scope) => json!({ "scope": scope }),
    };
    ErrorData::invalid_request(denied.to_string(), Some(missing))
}

fn unavailable(error: SqlError) -> ErrorData {
    tracing::error!(%error, "a task could not be read");
    ErrorData::internal_error("the database is unavailable; try again", None)
}
