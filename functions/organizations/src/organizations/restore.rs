//! `POST /v1/organizations/restore`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, restore_organization};
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    token: String,
}

/// Gives a deleted organisation back to whoever has the token.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::TokenAddress, &origin.counted()).await?;
    let restored = restore_organization(&api.ports, &body.token, &correlation).await;
    left.tell(restored.map(|restored| Json(restored).into_response()).map_err(Problem::from))
}
