//! `GET /v1/jobs/{id}/events`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Path, Problem, Query, collection};
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

use super::get::find;

/// The query.
pub(crate) struct Events(PageRequest);

impl FromQuery for Events {
    fn from_query(parameters: &mut Parameters) -> Self {
        // An event's key is its number in its job.
        Self(parameters.page::<i64>())
    }
}

/// A job's events, oldest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(Events(page)): Query<Events>,
    uri: Uri,
) -> Result<Response, Problem> {
    let job = find(&api, &caller, &id, &correlation).await?;
    let events = bulkhead_execution::list_events(&api.ports, &caller, job.id, &page, &correlation).await?;
    Ok(collection(&uri, events))
}
