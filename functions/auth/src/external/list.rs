//! `GET /v1/auth/identities`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Problem, Query, collection};
use bulkhead_identity::list_identities;
use bulkhead_kernel::{Caller, Page};
use http::Uri;

/// The path.
pub(crate) const PATH: &str = "/v1/auth/identities";

/// The caller's own, on one page.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    uri: Uri,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    Ok(collection(&uri, Page::whole(list_identities(&api.ports, &caller).await?)))
}
