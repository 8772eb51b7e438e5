//! `POST /v1/auth/passkeys/options` and `POST /v1/auth/passkeys`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, Proof, begin_passkey_registration, register_passkey};
use bulkhead_kernel::{Caller, Secret};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{begun, relying_party};
use crate::notices::Telling;

/// The body with which it begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    password: String,
    code: Option<String>,
}

/// The body with which it ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    ceremony: String,
    name: String,
    credential: Value,
}

/// What the browser makes a passkey with.
pub(crate) async fn options(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Begin>,
) -> Result<Response, Problem> {
    let (password, code) = (Secret::new(body.password), body.code.map(Secret::new));
    let (limits, key) = (api.credential_limits().await?, api.identity_key().await?);
    let party = relying_party(&api).await?;
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let proof = Proof { password: &password, code: code.as_ref(), address: origin.0.address.as_deref() };
    let ceremony = begin_passkey_registration(&api.ports, &party, &key, &caller, proof, &limits, &correlation).await;
    left.tell(ceremony.map(|ceremony| begun(&ceremony)).map_err(Problem::from))
}

/// Keeps the passkey that it made.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Register>,
) -> Result<Response, Problem> {
    let (limits, party) = (api.credential_limits().await?, relying_party(&api).await?);
    let telling = Telling::of(&api).await?;
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let (token, credential) = (Secret::new(body.ceremony), body.credential.to_string());
    let (notices, made) = (telling.notices(), (body.name.as_str(), credential.as_str()));
    let passkey = register_passkey(&api.ports, &party, &notices, &caller, &token, made, &correlation).await;
    left.tell(passkey.map(|passkey| (StatusCode::CREATED, Json(passkey)).into_response()).map_err(Problem::from))
}
