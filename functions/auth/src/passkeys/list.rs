//! `GET /v1/auth/passkeys`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_identity::list_passkeys;
use bulkhead_kernel::id::PasskeyId;
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

/// The query.
pub(crate) struct Passkeys(PageRequest);

impl FromQuery for Passkeys {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.page::<PasskeyId>())
    }
}

/// The caller's own passkeys, newest first.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Query(Passkeys(page)): Query<Passkeys>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_passkeys(&api.ports, &caller, &page).await?))
}
