//! `GET /v1/connections`

use axum::extract::State;
use axum::response::Response;
use bulkhead_connections::Status;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::{Caller, Page, PageRequest};
use http::Uri;

use super::body::ConnectionBody;

/// The query.
pub(crate) struct Connections {
    connector: Option<String>,
    status: Option<Status>,
    page: PageRequest,
}

impl FromQuery for Connections {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self {
            connector: parameters.text("connector"),
            status: parameters.parsed("status", "pending, active, expired, revoked or error"),
            page: parameters.page::<ConnectionId>(),
        }
    }
}

/// The connections that the caller may know of, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(query): Query<Connections>,
    uri: Uri,
) -> Result<Response, Problem> {
    let Connections { connector, status, page } = query;
    let found =
        bulkhead_connections::list(&api.ports, &caller, connector.as_deref(), status, &page, &correlation).await?;
    let items = found.items.into_iter().map(ConnectionBody::from).collect();
    Ok(collection(&uri, Page { items, next: found.next }))
}
