//! `DELETE /v1/teams/{id}/members/{user}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::remove_team_member;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::{TeamId, UserId};
use http::StatusCode;

/// Takes somebody out of a team; 204, also when they were not in it.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path((id, user)): Path<(TeamId, UserId)>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    remove_team_member(&api.ports, &caller, id, user, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
