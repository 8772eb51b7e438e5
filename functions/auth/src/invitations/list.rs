//! `GET /v1/organization/invitations`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Problem, Query, collection};
use bulkhead_identity::list_invitations;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::InvitationId;
use http::Uri;

/// The organisation's invitations that can be taken, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(page): Query<PageOf<InvitationId>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_invitations(&api.ports, &caller, &page.page, &correlation).await?))
}
