//! `POST /v1/projects/{id}/restore`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::{Project, restore_project};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;

/// Gives a deleted project back; one that is there stays.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<ProjectId>,
    Query(()): Query<()>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(restore_project(&api.ports, &caller, id, &correlation).await?))
}
