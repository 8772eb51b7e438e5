//! `POST /v1/auth/sign-in/second-factor`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Challenge, Limit, User, answer_challenge};
use bulkhead_kernel::{CorrelationId, Secret};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::sign_in::open;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    challenge: String,
    code: String,
    organization: Option<String>,
}

/// What whoever has given a right password gets who has to give a code.
pub(crate) fn challenge(challenge: &Challenge) -> Response {
    let body = json!({
        "challenge": challenge.token.expose(),
        "methods": ["totp", "recovery_code"],
        "expires_in": challenge.expires_in.as_secs(),
    });
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

/// Opens a session for whoever answers the challenge with a code.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Answer>,
) -> Result<Response, Problem> {
    let (challenge, code) = (Secret::new(body.challenge), Secret::new(body.code));
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let opened = async {
        let (user, how) = check(&api, &challenge, &code, &correlation).await?;
        open(&api, &user, body.organization.as_deref(), origin, &how, &correlation).await
    };
    left.tell(opened.await)
}

/// The user of a challenge who has given a right code, and how they have proven who they are.
pub(crate) async fn check(
    api: &Api,
    challenge: &Secret,
    code: &Secret,
    correlation: &CorrelationId,
) -> Result<(User, String), Problem> {
    let (limits, key) = (api.credential_limits().await?, api.identity_key().await?);
    Ok(answer_challenge(&api.ports, &key, challenge, code, &limits, correlation).await?)
}
