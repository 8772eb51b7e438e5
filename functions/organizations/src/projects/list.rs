//! `GET /v1/projects`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Problem, Query, collection};
use bulkhead_identity::list_projects;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;
use http::Uri;

/// The projects in which the caller has a role, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(page): Query<PageOf<ProjectId>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_projects(&api.ports, &caller, &page.page, &correlation).await?))
}
