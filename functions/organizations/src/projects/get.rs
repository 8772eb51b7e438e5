//! `GET /v1/projects/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::{Project, read_project};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;

/// One project.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<ProjectId>,
    Query(()): Query<()>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(read_project(&api.ports, &caller, id, &correlation).await?))
}
