//! `GET /v1/auth/sessions`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Problem, Query, collection};
use bulkhead_identity::list_sessions;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::SessionId;
use http::Uri;

/// The caller's own sessions that go on, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(page): Query<PageOf<SessionId>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_sessions(&api.ports, &caller, &page.page, &correlation).await?))
}
