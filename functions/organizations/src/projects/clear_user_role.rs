//! `DELETE /v1/projects/{id}/roles/users/{user}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::{Holder, clear_project_role};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::{ProjectId, UserId};
use http::StatusCode;

/// Takes a member's role in a project; 204, also when there was none.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path((id, user)): Path<(ProjectId, UserId)>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    clear_project_role(&api.ports, &caller, id, Holder::User(user), &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
