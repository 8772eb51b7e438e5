//! `POST /v1/auth/password-reset/confirm`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::withdraw_steps;
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{Limit, PasswordCost, PasswordReset, reset_password};
use bulkhead_kernel::{CorrelationId, Secret};
use http::StatusCode;
use serde::Deserialize;

use crate::notices::Telling;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirm {
    token: String,
    new_password: String,
}

/// Sets the password of the account to which the token was mailed.
pub(crate) async fn handle(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Confirm>,
) -> Result<Response, Problem> {
    confirm(&api, &origin, Secret::new(body.token), Secret::new(body.new_password), &correlation).await
}

/// The same for whoever has the page.
pub(crate) async fn confirm(
    api: &Api,
    origin: &Origin,
    token: Secret,
    new: Secret,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::TokenAddress, &origin.counted()).await?;
    let now = api.ports.now();
    let further = |reset: PasswordReset| {
        let mut steps = withdraw_steps(reset.user);
        if reset.first_proof {
            // They may be accounts of whoever made this one.
            steps.extend(bulkhead_connections::disown_steps(reset.user, now));
        }
        steps
    };
    let (telling, cost) = (Telling::of(api).await?, PasswordCost::default());
    let notices = telling.notices();
    let reset = reset_password(&api.ports, token.expose(), &new, cost, &notices, further, correlation).await;
    left.tell(reset.map(|()| StatusCode::NO_CONTENT.into_response()).map_err(Problem::from))
}
