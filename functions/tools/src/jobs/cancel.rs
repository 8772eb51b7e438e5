//! `POST /v1/jobs/{id}/cancel`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_execution::CancelOutcome;
use bulkhead_http_api::{Api, Correlation, HostError, Kind, Path, Problem, Query};
use bulkhead_kernel::Caller;

use super::accepted;

/// Cancels a job: 200 when it had not started, 202 when its worker has been asked to stop it, 409 when it had ended.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::unknown_job())?;
    match bulkhead_execution::cancel(&api.ports, &caller, id, &correlation).await? {
        None => Err(Problem::unknown_job()),
        Some(CancelOutcome::Canceled(job)) => Ok(Json(job).into_response()),
        Some(CancelOutcome::AlreadyEnded(job)) => {
            let status = job.status.as_str();
            let detail = format!("the job has ended already: it is {status}");
            Err(Problem::new(Kind::JobEnded, detail).with_member("job_status", status))
        }
        Some(CancelOutcome::Requested(job)) => {
            // The request is recorded: a worker that is not told now sees it at its next heartbeat.
            match api.host.cancel(job.id, &correlation).await {
                Ok(()) | Err(HostError::NotConfigured) => {}
                Err(error) => tracing::warn!(job = %job.id, %error, "the host was not told of the cancellation"),
            }
            Ok(accepted(job))
        }
    }
}
