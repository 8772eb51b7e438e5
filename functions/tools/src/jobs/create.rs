//! `POST /v1/connectors/{slug}/tools/{tool}/jobs`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_execution::{Job, Round, SqlCatalogue, ToolCall, submit};
use bulkhead_http_api::{Api, Correlation, HostError, IdempotencyKey, JsonBody, Path, Problem, Query, RunReply, Wait};
use bulkhead_kernel::{Caller, CorrelationId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::accepted;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewJob {
    arguments: Map<String, Value>,
}

/// Records a call as a job and asks the host to run it: 200 with the job if it ended within `Prefer: wait`, 202 with
/// its address otherwise. A host that can't be reached finds the job by itself later, so that is a 202 too.
#[expect(clippy::too_many_arguments, reason = "each is one part of the request")]
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path((slug, tool)): Path<(String, String)>,
    Query(()): Query<()>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    wait: Wait,
    JsonBody(body): JsonBody<NewJob>,
) -> Result<Response, Problem> {
    let call = ToolCall {
        connector: recordable(&slug),
        tool: recordable(&tool),
        arguments: Value::Object(body.arguments),
        round: Round::default(),
        continues: None,
        idempotency_key,
        correlation_id: correlation.clone(),
    };
    let submission = submit(&api.ports, &caller, &SqlCatalogue(&api.ports), call).await?;
    if submission.job.status.is_final() {
        return Ok(Json(submission.job).into_response());
    }
    let (job, reply) = run(&api, &caller, submission.job, wait, &correlation).await;
    let mut response = if job.status.is_final() { Json(job).into_response() } else { accepted(job) };
    if reply.is_ok() {
        response.headers_mut().extend(wait.applied());
    }
    Ok(response)
}

/// Asks the host to run the job, and gives the job as it is then. It is recorded, so whatever fails from here on is no
/// reason to tell the client that its call was not taken.
async fn run(
    api: &Api,
    caller: &Caller,
    job: Job,
    wait: Wait,
    correlation: &CorrelationId,
) -> (Job, Result<RunReply, HostError>) {
    let reply = api.host.run(job.id, wait.0, correlation).await;
    match &reply {
        // Whoever does not wait gets the same answer however quick the tool is.
        Ok(_) if wait.0.is_zero() => return (job, reply),
        Ok(_) => {}
        Err(HostError::NotConfigured) => return (job, reply),
        Err(error) => {
            tracing::warn!(job = %job.id, %error, "the host was not asked to run the job, which stays queued");
            return (job, reply);
        }
    }
    match bulkhead_execution::get(&api.ports, caller, job.id).await {
        Ok(current) => (current.unwrap_or(job), reply),
        Err(error) => {
            tracing::warn!(job = %job.id, %error, "the job can't be read back");
            (job, reply)
        }
    }
}

/// A name as the audit trail can keep it, because a refused call is recorded under the name that was asked for. No real
/// name has a control character.
fn recordable(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}
