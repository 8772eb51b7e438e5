//! `PUT /v1/projects/{id}/roles/users/{user}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_identity::{Holder, ProjectRole, set_project_role};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::{ProjectId, UserId};
use http::StatusCode;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    role: ProjectRole,
}

/// Gives a member a role in a project.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path((id, user)): Path<(ProjectId, UserId)>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<StatusCode, Problem> {
    let holder = Holder::User(user);
    set_project_role(&api.ports, &caller, id, holder, body.role, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
