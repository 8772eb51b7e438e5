//! `DELETE /v1/organization/invitations/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_identity::revoke_invitation;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::InvitationId;
use http::StatusCode;

/// Takes an invitation back; 204, also when it was over.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<InvitationId>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    revoke_invitation(&api.ports, &caller, id, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
