//! `DELETE /v1/organization`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::delete_organization;
use bulkhead_kernel::Caller;
use serde_json::{Value, json};

/// Deletes the caller's organisation, and tells how to have it back.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<Json<Value>, Problem> {
    let deleted = delete_organization(&api.ports, &caller, &correlation).await?;
    Ok(Json(json!({ "restore_token": deleted.token.expose(), "restorable_until": deleted.until })))
}
