//! `GET /v1/auth/passkeys`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, PageOf, Problem, Query, collection};
use bulkhead_identity::list_passkeys;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::PasskeyId;
use http::Uri;

/// The caller's own passkeys, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Query(page): Query<PageOf<PasskeyId>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_passkeys(&api.ports, &caller, &page.page).await?))
}
