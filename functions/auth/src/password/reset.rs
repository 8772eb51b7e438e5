//! `POST /v1/auth/password-reset`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, JsonBody, Kind, Origin, Problem, Query};
use bulkhead_identity::{EmailAddress, Limit, request_password_reset};
use bulkhead_kernel::Fault;
use http::StatusCode;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    email: String,
}

/// Mails a link to whoever has this address; nobody is told whether anybody does.
pub(crate) async fn handle(
    State(api): State<Api>,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Reset>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::MailAddress, &origin.counted()).await?;
    let email = body.email.parse::<EmailAddress>().map_err(|error| {
        let fault = Fault { pointer: "/email".to_owned(), message: error.to_string() };
        Problem::new(Kind::InvalidBody, error.to_string()).with_member("faults", [fault])
    });
    let asked = async {
        let email = email?;
        api.throttle(&limits, Limit::MailAccount, email.as_str()).await?.tell(Ok(().into_response()))?;
        let (key, public_url) = (api.identity_key().await?, api.public_url().await?);
        request_password_reset(&api.ports, &key, &public_url, &email).await?;
        Ok(StatusCode::ACCEPTED.into_response())
    };
    left.tell(asked.await)
}
