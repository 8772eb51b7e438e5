//! `POST /v1/auth/switch`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, switch_session};
use bulkhead_kernel::{Caller, CorrelationId};
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
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Switch>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(
        &limits,
        Limit::RefreshAddress,
        &origin.counted(),
        switch(&api, &caller, &body.organization, &correlation),
    )
    .await
}

async fn switch(
    api: &Api,
    caller: &Caller,
    organization: &str,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let (keys, issuer) = (api.signing_keys().await?, api.public_url().await?);
    let terms = api.lifetimes().await?.session;
    let switched = switch_session(&api.ports, &keys, &terms, &issuer, caller, organization, correlation);
    Ok(tokens::answer(&switched.await?))
}
