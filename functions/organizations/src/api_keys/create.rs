//! `POST /v1/api-keys`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{Limit, NewKey, create_key};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, Scope};
use serde::Deserialize;

use super::issued;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    name: String,
    user: Option<UserId>,
    scopes: Option<Vec<Scope>>,
    networks: Option<Vec<String>>,
    expires_in_days: Option<u32>,
}

/// Makes a key for the caller, or as an admin for a service account.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let created = async {
        let Body { name, user, scopes, networks, expires_in_days } = body;
        let new = NewKey { name, user, scopes, networks, expires_in_days };
        let terms = api.lifetimes().await?.keys;
        Ok(issued(&create_key(&api.ports, &caller, &terms, new, &correlation).await?))
    };
    api.limited(&limits, Limit::ApiKeyUser, &caller.user.to_string(), created).await
}
