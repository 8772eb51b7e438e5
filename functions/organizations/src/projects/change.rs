//! `PATCH /v1/projects/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_identity::{Project, ProjectChange, change_project};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    slug: Option<String>,
    name: Option<String>,
    description: Option<String>,
}

/// Changes what a project is called.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<ProjectId>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Project>, Problem> {
    let change = ProjectChange { slug: body.slug, name: body.name, description: body.description };
    Ok(Json(change_project(&api.ports, &caller, id, change, &correlation).await?))
}
