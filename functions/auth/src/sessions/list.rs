//! `GET /v1/auth/sessions`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_identity::list_sessions;
use bulkhead_kernel::id::SessionId;
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

/// The query.
pub(crate) struct Sessions(PageRequest);

impl FromQuery for Sessions {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.page::<SessionId>())
    }
}

/// The caller's own sessions that go on, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(Sessions(page)): Query<Sessions>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_sessions(&api.ports, &caller, &page, &correlation).await?))
}
