//! `POST /v1/auth/sign-in/passkey/options` and `POST /v1/auth/sign-in/passkey`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, begin_passkey_sign_in, check_passkey};
use bulkhead_kernel::Secret;
use serde::Deserialize;
use serde_json::Value;

use super::{begun, relying_party};
use crate::sign_in::open;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    ceremony: String,
    credential: Value,
    organization: Option<String>,
}

/// What the browser asks a passkey with.
pub(crate) async fn options(State(api): State<Api>, origin: Origin, Query(()): Query<()>) -> Result<Response, Problem> {
    let (limits, party) = (api.credential_limits().await?, relying_party(&api).await?);
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let ceremony = begin_passkey_sign_in(&api.ports, &party).await;
    left.tell(ceremony.map(|ceremony| begun(&ceremony)).map_err(Problem::from))
}

/// Opens a session for whoever's passkey answers. It has verified its user, so nobody is asked for a code.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Answer>,
) -> Result<Response, Problem> {
    let (limits, party) = (api.credential_limits().await?, relying_party(&api).await?);
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let (token, credential) = (Secret::new(body.ceremony), body.credential.to_string());
    let opened = async {
        let user = check_passkey(&api.ports, &party, &token, &credential, &correlation).await?;
        open(&api, &user, body.organization.as_deref(), origin, "passkey", &correlation).await
    };
    left.tell(opened.await)
}
