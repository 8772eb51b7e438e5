//! `GET /v1/organization`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::{OwnOrganization, read_organization};
use bulkhead_kernel::Caller;

/// The caller's organisation.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<Json<OwnOrganization>, Problem> {
    Ok(Json(read_organization(&api.ports, &caller, &correlation).await?))
}
