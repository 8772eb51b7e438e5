//! `GET /v1/teams/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::{Team, read_team};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::TeamId;

/// One team.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<TeamId>,
    Query(()): Query<()>,
) -> Result<Json<Team>, Problem> {
    Ok(Json(read_team(&api.ports, &caller, id, &correlation).await?))
}
