//! `POST /v1/organization/transfer`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::transfer_ownership;
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::UserId;
use http::StatusCode;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    user: UserId,
}

/// Makes somebody else the owner in the caller's place.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<StatusCode, Problem> {
    transfer_ownership(&api.ports, &caller, body.user, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
