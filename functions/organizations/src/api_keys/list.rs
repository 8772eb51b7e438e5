//! `GET /v1/api-keys`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, FromQuery, Parameters, Problem, Query, collection};
use bulkhead_identity::{KeysOf, list_keys};
use bulkhead_kernel::id::ApiKeyId;
use bulkhead_kernel::{Caller, PageRequest};
use http::Uri;

/// The query.
pub(crate) struct Keys {
    of: KeysOf,
    page: PageRequest,
}

impl FromQuery for Keys {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self {
            of: parameters.parsed("user", "a user's id, which is a UUID, or all").unwrap_or_default(),
            page: parameters.page::<ApiKeyId>(),
        }
    }
}

/// Keys, newest first: the caller's own unless they ask for others, as an admin.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(keys): Query<Keys>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(collection(&uri, list_keys(&api.ports, &caller, keys.of, &keys.page, &correlation).await?))
}
