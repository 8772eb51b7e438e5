//! `DELETE /v1/teams/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::delete_team;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::TeamId;
use http::StatusCode;

/// Deletes a team.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<TeamId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    delete_team(&api.ports, &caller, id, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
