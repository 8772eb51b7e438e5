//! `POST /v1/auth/switch`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::switch_session;
use bulkhead_kernel::Caller;
use serde::Deserialize;

use crate::tokens;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    organization: String,
}

/// Lets the caller's session act in another organisation.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Switch>,
) -> Result<Response, Problem> {
    let (keys, issuer) = (api.signing_keys().await?, api.public_url().await?);
    let terms = api.lifetimes().await?.session;
    let switched = switch_session(&api.ports, &keys, &terms, &issuer, &caller, &body.organization, &correlation);
    Ok(tokens::answer(&switched.await?))
}
