//! `GET /v1/connectors`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, Problem, Query, collection};
use bulkhead_kernel::{Caller, Page};
use http::Uri;

/// Every available connector, on one page.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    uri: Uri,
) -> Result<Response, Problem> {
    let connectors = bulkhead_connectors::list(&api.ports, &caller, &correlation).await?;
    Ok(collection(&uri, Page::whole(connectors)))
}
