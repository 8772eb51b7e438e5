//! `PUT /v1/auth/password`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::withdraw_steps;
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, PasswordChange, PasswordCost, change_password};
use bulkhead_kernel::{Caller, Secret};
use http::StatusCode;
use serde::Deserialize;

use crate::notices::Telling;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    current_password: String,
    new_password: String,
}

/// Gives the caller another password.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Change>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let (current, new) = (Secret::new(body.current_password), Secret::new(body.new_password));
    let (telling, address) = (Telling::of(&api).await?, origin.0.address.as_deref());
    let change = PasswordChange { current: &current, new: &new, address, notices: telling.notices() };
    let (cost, further) = (PasswordCost::default(), withdraw_steps(caller.user));
    let changed = change_password(&api.ports, &caller, change, cost, &limits, further, &correlation).await;
    left.tell(changed.map(|()| StatusCode::NO_CONTENT.into_response()).map_err(Problem::from))
}
