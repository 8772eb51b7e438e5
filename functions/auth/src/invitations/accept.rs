//! `POST /v1/invitations/accept`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, Membership, accept_invitation};
use bulkhead_kernel::{Caller, CorrelationId, Secret};
use serde::Deserialize;
use serde_json::json;

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
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::TokenAddress, &origin.counted()).await?;
    let joined = accept(&api, &caller, &Secret::new(body.token), &correlation).await;
    left.tell(joined.map(|membership| {
        Json(json!({ "organization": membership.organization, "role": membership.role })).into_response()
    }))
}

/// The same for whoever has the page.
pub(crate) async fn accept(
    api: &Api,
    caller: &Caller,
    token: &Secret,
    correlation: &CorrelationId,
) -> Result<Membership, Problem> {
    Ok(accept_invitation(&api.ports, caller, token.expose(), correlation).await?)
}
