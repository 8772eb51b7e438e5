//! `POST /v1/auth/refresh`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, refresh_session};
use bulkhead_kernel::{CorrelationId, Secret};
use serde::Deserialize;

use crate::tokens;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// Replaces a session's refresh token, and gives the next access token.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Refresh>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(&limits, Limit::RefreshAddress, &origin.counted(), refresh(&api, body, &correlation)).await
}

async fn refresh(api: &Api, body: Refresh, correlation: &CorrelationId) -> Result<Response, Problem> {
    let presented = Secret::new(body.refresh_token);
    let (issuer, keys) = (api.public_url().await?, api.signing_keys().await?);
    let terms = api.lifetimes().await?.session;
    let refreshed = refresh_session(&api.ports, &keys, &terms, &issuer, None, presented.expose(), correlation).await?;
    Ok(tokens::answer(&refreshed))
}
