//! `GET /v1/profile`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::{Profile, read_profile};
use bulkhead_kernel::Caller;

/// The caller's own profile.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<Json<Profile>, Problem> {
    Ok(Json(read_profile(&api.ports, &caller, &correlation).await?))
}
