//! `POST /v1/auth/identities`

use axum::Json;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use bulkhead_federation::Intent;
use bulkhead_http_api::{Api, Correlation, JsonBody, Origin, Problem, Query};
use bulkhead_identity::{CredentialLimits, Limit, may_link};
use bulkhead_kernel::{Caller, CorrelationId, Secret};
use http::header::SET_COOKIE;
use serde::Deserialize;
use serde_json::json;

use super::attempt_cookie;
use super::start::begin;
use crate::pages::Next;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    provider: String,
    password: Option<String>,
    next: Option<String>,
}

/// Begins to link an identity to the caller: where their browser has to go. It has the cookie that it brings back by this answer.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Link>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    api.limited(
        &limits,
        Limit::SignInAddress,
        &origin.counted(),
        link(&api, &caller, &limits, origin, body, &correlation),
    )
    .await
}

async fn link(
    api: &Api,
    caller: &Caller,
    limits: &CredentialLimits,
    origin: Origin,
    body: Link,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let password = body.password.map(Secret::new);
    let presented = (password.as_ref(), origin.0.address.as_deref());
    let session = may_link(&api.ports, caller, presented, limits, correlation).await?;
    let next = body.next.as_deref().and_then(Next::parse);
    let started = begin(api, &body.provider, Intent::Link { user: caller.user, session }, next.as_ref()).await?;
    let cookies = attempt_cookie(&started.browser).map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookies), Json(json!({ "url": started.url }))).into_response())
}
