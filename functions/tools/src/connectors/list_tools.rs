//! `GET /v1/connectors/{slug}/tools`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query, collection};
use bulkhead_kernel::{Caller, Page};
use http::Uri;

use super::get::find;

/// A connector's tools with their schemas, on one page: those that the organisation allows.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(slug): Path<String>,
    Query(()): Query<()>,
    uri: Uri,
) -> Result<Response, Problem> {
    let connector = find(&api, &caller, &slug, &correlation).await?;
    let slug = connector.slug.as_str();
    let mut tools = bulkhead_connectors::list_tools(&api.ports, slug).await?;
    if let Some(left) = bulkhead_connectors::find_restrictions(&api.ports, caller.organization, slug).await? {
        tools.retain(|tool| left.restrictions.allow_tool(tool.name.as_str()));
    }
    Ok(collection(&uri, Page::whole(tools)))
}
