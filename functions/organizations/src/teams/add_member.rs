//! `PUT /v1/teams/{id}/members/{user}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::add_team_member;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::{TeamId, UserId};
use http::StatusCode;

/// Lets a member of the organisation into a team.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path((id, user)): Path<(TeamId, UserId)>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    add_team_member(&api.ports, &caller, id, user, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
