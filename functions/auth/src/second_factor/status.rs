//! `GET /v1/auth/second-factor`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Problem, Query};
use bulkhead_identity::second_factor_status;
use bulkhead_kernel::Caller;
use serde_json::json;

/// Whether signing in takes a code.
pub(crate) async fn handle(State(api): State<Api>, caller: Caller, Query(()): Query<()>) -> Result<Response, Problem> {
    let status = second_factor_status(&api.ports, &caller).await?;
    let body = json!({ "enabled": status.enabled, "recovery_codes": status.recovery_codes });
    Ok(Json(body).into_response())
}
