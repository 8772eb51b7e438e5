//! `DELETE /v1/auth/sessions/{id}`

use axum::extract::State;
use bulkhead_authorization::withdraw_steps;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::revoke_session;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::SessionId;
use http::StatusCode;

/// Ends a session of the caller's, this one or another. Its access tokens are refused from now on,
/// and what was granted and not fetched yet is withdrawn.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<SessionId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    revoke_session(&api.ports, &caller, id, withdraw_steps(caller.user), &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
