//! `GET /v1/jobs/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_execution::Job;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::{Caller, CorrelationId};

/// One job.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<Job>, Problem> {
    find(&api, &caller, &id, &correlation).await.map(Json)
}

/// The job of this id, or the problem that the caller's organisation has none.
pub(super) async fn find(api: &Api, caller: &Caller, id: &str, correlation: &CorrelationId) -> Result<Job, Problem> {
    // What is no id is no job's id.
    let id = id.parse().map_err(|_| Problem::unknown_job())?;
    bulkhead_execution::get(&api.ports, caller, id, correlation).await?.ok_or_else(Problem::unknown_job)
}
