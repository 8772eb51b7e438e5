//! `GET /v1/teams/{id}/members`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Path, Problem, Query, collection};
use bulkhead_identity::list_team_members;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::{TeamId, UserId};
use http::Uri;

/// A team's members, the newest users first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<TeamId>,
    Query(page): Query<PageOf<UserId>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_team_members(&api.ports, &caller, id, &page.page, &correlation).await?))
}
