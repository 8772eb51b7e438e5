//! `GET /v1/connectors`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Problem, Query, collection};
use bulkhead_kernel::{Caller, Page};
use http::Uri;

/// Every available connector, on one page.
pub(crate) async fn handle(
    State(api): State<Api>,
    _: Caller,
    Query(()): Query<()>,
    uri: Uri,
) -> Result<Response, Problem> {
    let connectors = bulkhead_connectors::list(&api.ports).await?;
    Ok(collection(&uri, Page::whole(connectors)))
}
