//! `GET /v1/teams`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Problem, Query, collection};
use bulkhead_identity::list_teams;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::TeamId;
use http::Uri;

/// The organisation's teams, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(page): Query<PageOf<TeamId>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_teams(&api.ports, &caller, &page.page, &correlation).await?))
}
