//! `POST /v1/service-accounts`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::create_service_account;
use bulkhead_kernel::{Caller, Role};
use http::StatusCode;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    name: String,
    role: Role,
}

/// Makes an account for a machine.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let made = create_service_account(&api.ports, &caller, body.name, body.role, &correlation).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}
