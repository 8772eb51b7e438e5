//! `POST /v1/auth/email-verification`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Problem, Query};
use bulkhead_identity::{Limit, request_email_verification};
use bulkhead_kernel::Caller;
use http::StatusCode;

/// Mails the caller a link that proves their address, unless it is proven.
pub(crate) async fn handle(State(api): State<Api>, caller: Caller, Query(()): Query<()>) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::MailAccount, &caller.user.to_string()).await?;
    let (key, public_url) = (api.identity_key().await?, api.public_url().await?);
    let asked = request_email_verification(&api.ports, &key, &public_url, &caller).await;
    left.tell(asked.map(|()| StatusCode::ACCEPTED.into_response()).map_err(Problem::from))
}
