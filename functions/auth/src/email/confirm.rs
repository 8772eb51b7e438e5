//! `POST /v1/auth/email-verification/confirm`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, verify_email};
use bulkhead_kernel::{Caller, CorrelationId, Secret};
use http::StatusCode;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    token: String,
}

/// The address to which the token was mailed is proven to be the caller's.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Confirm>,
) -> Result<Response, Problem> {
    confirm(&api, &caller, &origin, Secret::new(body.token), &correlation).await
}

/// The same for whoever has the page.
pub(crate) async fn confirm(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    token: Secret,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::TokenAddress, &origin.counted()).await?;
    let verified = verify_email(&api.ports, caller, token.expose(), correlation).await;
    left.tell(verified.map(|()| StatusCode::NO_CONTENT.into_response()).map_err(Problem::from))
}
