//! `GET /v1/jobs`

use axum::extract::State;
use axum::response::Response;
use bulkhead_execution::JobFilter;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

/// The query.
pub(crate) struct Jobs {
    filter: JobFilter,
    page: PageRequest,
}

impl FromQuery for Jobs {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self {
            filter: JobFilter {
                status: parameters.parsed("status", "queued, running, succeeded, failed or canceled"),
                connector: parameters.text("connector"),
                tool: parameters.text("tool"),
                correlation_id: parameters.text("correlation_id"),
            },
            page: parameters.page::<JobId>(),
        }
    }
}

/// The organisation's jobs, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(jobs): Query<Jobs>,
    uri: Uri,
) -> Result<Response, Problem> {
    let page = bulkhead_execution::list(&api.ports, &caller, &jobs.filter, &jobs.page, &correlation).await?;
    Ok(collection(&uri, page))
}
