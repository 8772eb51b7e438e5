//! `DELETE /v1/auth/passkeys/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::delete_passkey;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::PasskeyId;
use http::StatusCode;

use crate::external::providers;

/// Forgets a passkey of the caller's. Nobody signs in with it any more; sessions go on.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<PasskeyId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    let providers = providers(&api).await?;
    delete_passkey(&api.ports, &caller, id, &providers.issuers(), &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
