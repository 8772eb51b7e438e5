//! `DELETE /v1/projects/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::delete_project;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;
use http::StatusCode;

/// Deletes a project.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<ProjectId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    delete_project(&api.ports, &caller, id, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
