//! `POST /v1/organizations/restore`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{Organization, restore_organization};
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
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Organization>, Problem> {
    Ok(Json(restore_organization(&api.ports, &body.token, &correlation).await?))
}
