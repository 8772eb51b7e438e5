//! `POST /v1/invitations/accept`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::accept_invitation;
use bulkhead_kernel::Caller;
use serde::Deserialize;
use serde_json::{Value, json};

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    token: String,
}

/// Lets whoever signed in into the organisation that invites them.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Value>, Problem> {
    let membership = accept_invitation(&api.ports, &caller, &body.token, &correlation).await?;
    Ok(Json(json!({ "organization": membership.organization, "role": membership.role })))
}
