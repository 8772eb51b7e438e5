//! `DELETE /v1/profile`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::erase_user;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::OrganizationId;
use http::StatusCode;

/// Ends the caller, and forgets who they were.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let (user, now) = (caller.user, api.ports.now());
    let further = |organizations: &[OrganizationId]| {
        let mut steps = bulkhead_connections::forget_steps(user, organizations, now);
        steps.extend(bulkhead_authorization::forget_steps(user));
        steps
    };
    erase_user(&api.ports, &caller, further, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
