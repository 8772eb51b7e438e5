//! `POST /v1/organizations`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::create_organization;
use bulkhead_kernel::Caller;
use http::StatusCode;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    slug: String,
    name: String,
}

/// Makes an organisation that the caller owns.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let made = create_organization(&api.ports, &caller, body.slug, body.name, &correlation).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}
