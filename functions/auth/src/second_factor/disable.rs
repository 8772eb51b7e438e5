//! `POST /v1/auth/second-factor/disable`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, disable_second_factor};
use bulkhead_kernel::{Caller, Secret};
use http::StatusCode;
use serde::Deserialize;

use crate::notices::Telling;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disable {
    password: String,
    code: String,
}

/// Signing in takes no code any more.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Disable>,
) -> Result<Response, Problem> {
    let (limits, telling) = (api.credential_limits().await?, Telling::of(&api).await?);
    let (password, code) = (Secret::new(body.password), Secret::new(body.code));
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let proof = (&password, origin.0.address.as_deref(), &code);
    let disabled = disable_second_factor(&api.ports, &telling.notices(), &caller, proof, &limits, &correlation).await;
    left.tell(disabled.map(|()| StatusCode::NO_CONTENT.into_response()).map_err(Problem::from))
}
