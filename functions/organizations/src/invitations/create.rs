//! `POST /v1/organization/invitations`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::create_invitation;
use bulkhead_kernel::{Caller, Role};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    email: String,
    role: Role,
}

/// Invites somebody. The token is shown once, for whoever brings it to them without our mail.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let terms = api.lifetimes().await?.invitation;
    let issued = create_invitation(&api.ports, &caller, &terms, &body.email, body.role, &correlation).await?;
    let token = issued.token.expose();
    // A browser keeps what follows the number sign to itself: no server's log has it.
    let link = format!("{}/invitations#{token}", api.public_url().await?);
    let body = json!({ "invitation": issued.invitation, "token": token, "link": link });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}
