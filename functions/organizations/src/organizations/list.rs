//! `GET /v1/organizations`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, Problem, Query, collection};
use bulkhead_identity::list_organizations;
use bulkhead_kernel::{Caller, Page};
use http::Uri;

/// Every organisation to which the caller belongs, on one page.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    uri: Uri,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    let own = list_organizations(&api.ports, &caller, &correlation).await?;
    Ok(collection(&uri, Page::whole(own)))
}
