//! `GET /v1/connectors/{slug}/tools`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Path, Problem, Query, collection};
use bulkhead_kernel::{Caller, Page};
use http::Uri;

use super::get::find;

/// A connector's tools with their schemas, on one page.
pub(crate) async fn handle(
    State(api): State<Api>,
    _: Caller,
    Path(slug): Path<String>,
    Query(()): Query<()>,
    uri: Uri,
) -> Result<Response, Problem> {
    let connector = find(&api, &slug).await?;
    let tools = bulkhead_connectors::list_tools(&api.ports, connector.slug.as_str()).await?;
    Ok(collection(&uri, Page::whole(tools)))
}
