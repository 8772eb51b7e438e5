//! `POST /v1/auth/second-factor/confirm`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, confirm_second_factor};
use bulkhead_kernel::{Caller, Secret};
use serde::Deserialize;
use serde_json::json;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    code: String,
}

/// The first code: from now on signing in takes one.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Confirm>,
) -> Result<Response, Problem> {
    let (limits, key, code) = (api.credential_limits().await?, api.identity_key().await?, Secret::new(body.code));
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let confirmed = confirm_second_factor(&api.ports, &key, &caller, &code, &limits, &correlation).await;
    let answer = confirmed.map(|codes| {
        let codes: Vec<_> = codes.iter().map(Secret::expose).collect();
        Json(json!({ "recovery_codes": codes })).into_response()
    });
    left.tell(answer.map_err(Problem::from))
}
