//! `/v1/jobs`: calls of tools, and what became of them.

pub(crate) mod answer;
pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_events;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_execution::Job;
use bulkhead_http_api::{Api, HostError, RunReply, Wait};
use bulkhead_kernel::{Caller, CorrelationId};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

/// 202: it goes on, and this is where to look.
fn accepted(job: Job) -> Response {
    let location = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id));
    let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Asks the host to run a job that was just recorded: 200 with the job if it ended within the time, 202 with its address
/// otherwise.
async fn run(api: &Api, caller: &Caller, job: Job, wait: Wait, correlation: &CorrelationId) -> Response {
    let (job, reply) = ask(api, caller, job, wait, correlation).await;
    let mut response = if job.status.is_final() { Json(job).into_response() } else { accepted(job) };
    if reply.is_ok() {
        response.headers_mut().extend(wait.applied());
    }
    response
}

/// Asks the host, and gives the job as it is then. It is recorded, so whatever fails from here on is no reason to tell the
/// client that its call was not taken.
async fn ask(
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
    match bulkhead_execution::get(&api.ports, caller, job.id, correlation).await {
        Ok(current) => (current.unwrap_or(job), reply),
        Err(error) => {
            tracing::warn!(job = %job.id, %error, "the job can't be read back");
            (job, reply)
        }
    }
}
