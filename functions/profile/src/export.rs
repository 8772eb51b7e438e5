//! `GET /v1/profile/export`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::{Export, export_user};
use bulkhead_kernel::Caller;

/// Everything that is known about the caller.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<Json<Export>, Problem> {
    Ok(Json(export_user(&api.ports, &caller, &correlation).await?))
}
