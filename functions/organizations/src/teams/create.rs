//! `POST /v1/teams`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{Named, create_team};
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

/// Makes a team.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let new = Named { slug: body.slug, name: body.name };
    let made = create_team(&api.ports, &caller, new, &correlation).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}
