//! `POST /v1/auth/second-factor`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, enrol_second_factor};
use bulkhead_kernel::{Caller, Secret};
use serde::Deserialize;
use serde_json::json;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrol {
    password: String,
}

/// A new secret for the caller's authenticator.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Enrol>,
) -> Result<Response, Problem> {
    let (limits, key, password) =
        (api.credential_limits().await?, api.identity_key().await?, Secret::new(body.password));
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let proof = (&password, origin.0.address.as_deref());
    let enrolled = enrol_second_factor(&api.ports, &key, &caller, proof, &limits, &correlation).await;
    let answer = enrolled.map(|enrolment| {
        let body = json!({ "secret": enrolment.secret.expose(), "url": enrolment.url.expose() });
        Json(body).into_response()
    });
    left.tell(answer.map_err(Problem::from))
}
