//! `DELETE /v1/profile`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::erase_user;
use bulkhead_kernel::Caller;
use http::StatusCode;

/// Ends the caller, and forgets who they were.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    erase_user(&api.ports, &caller, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
