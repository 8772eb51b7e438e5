//! `DELETE /v1/organization/members/{user}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::remove_member;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::UserId;
use http::StatusCode;

/// Ends a membership: another one's, or the caller's own.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(user): Path<UserId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let further = || bulkhead_connections::leave_steps(caller.organization, user, api.ports.now());
    remove_member(&api.ports, &caller, user, further, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
