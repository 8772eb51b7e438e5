//! `GET /v1/jobs/{id}/events`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, PageOf, Path, Problem, Query, collection};
use bulkhead_kernel::Caller;
use http::Uri;

use super::get::find;

/// A job's events, oldest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(page): Query<PageOf<i64>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let job = find(&api, &caller, &id, &correlation).await?;
    let events = bulkhead_execution::list_events(&api.ports, &caller, job.id, &page.page, &correlation).await?;
    Ok(collection(&uri, events))
}
