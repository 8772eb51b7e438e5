//! `DELETE /v1/auth/identities/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::unlink_identity;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::IdentityId;
use http::StatusCode;

use super::providers;

/// The path.
pub(crate) const PATH: &str = "/v1/auth/identities/{id}";

/// Takes an identity off the caller's account. Sessions that it opened go on.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<IdentityId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let providers = providers(&api).await?;
    unlink_identity(&api.ports, &caller, id, &providers.issuers(), &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
