//! `POST /sign-in/passkey/options` and `POST /sign-in/passkey`: the button of the page to sign in on.
//!
//! A browser asks passkeys for a script alone, so the page has one. The ceremony's token is in a cookie that the script can't
//! read: what answers it comes from the browser that began it.

use axum::Json;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, FormBody, HostCookie, Origin, Problem, Query, check_same_origin};
use bulkhead_identity::{Limit, begin_passkey_sign_in, check_passkey};
use bulkhead_kernel::{CorrelationId, Secret};
use http::HeaderMap;
use http::header::SET_COOKIE;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::next::Next;
use super::sign_in::{open, refuse, signed_in};
use crate::passkeys::relying_party;

/// Where the answer goes.
pub(crate) const PATH: &str = "/sign-in/passkey";
/// Where the script begins.
pub(crate) const OPTIONS: &str = "/sign-in/passkey/options";
/// What asks the passkey.
pub(super) const SCRIPT: &str = include_str!("passkey_sign_in.js");

const COOKIE: HostCookie = HostCookie::strict("__Host-passkey");

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    credential: String,
    organization: Option<String>,
    next: Option<String>,
}

/// The button, which the script shows where the browser has passkeys.
pub(super) fn form(next: Option<&Next>) -> Markup {
    html! {
        form id="passkey" method="post" action=(PATH) hidden {
            p id="passkey-wrong" role="alert" hidden {}
            @if let Some(next) = next { input type="hidden" name="next" value=(next.as_str()); }
            input type="hidden" name="credential";
            input type="hidden" name="organization";
            button type="submit" { "Sign in with a passkey" }
        }
    }
}

/// What the script asks a passkey with.
pub(crate) async fn options(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    check_same_origin(&headers, &api).await?;
    let (limits, party) = (api.credential_limits().await?, relying_party(&api).await?);
    let left = api.throttle(&limits, Limit::SignInAddress, &origin.counted()).await?;
    let begun = async {
        let ceremony = begin_passkey_sign_in(&api.ports, &party).await?;
        let cookie = COOKIE.set(ceremony.token.expose(), ceremony.expires_in.as_secs());
        let body = Json(json!({ "publicKey": ceremony.options, "expires_in": ceremony.expires_in.as_secs() }));
        Ok((AppendHeaders(cookie.map(|cookie| (SET_COOKIE, cookie))), body).into_response())
    };
    left.tell(begun.await)
}

/// Opens the session.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    check_same_origin(&headers, &api).await?;
    let next = body.next.as_deref().and_then(Next::parse);
    let limits = api.credential_limits().await?;
    let opened = api
        .limited(&limits, Limit::SignInAddress, &origin.counted(), sign_in(&api, &headers, origin, body, &correlation))
        .await;
    match opened {
        Err(problem) => refuse(&api, problem, next.as_ref(), None).await,
        opened => opened,
    }
}

async fn sign_in(
    api: &Api,
    headers: &HeaderMap,
    origin: Origin,
    body: Form,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let next = body.next.as_deref().and_then(Next::parse);
    let organization = body.organization.filter(|slug| !slug.is_empty());
    let party = relying_party(api).await?;
    // Without the cookie there is nothing that could be answered.
    let token = Secret::new(COOKIE.of(headers).unwrap_or_default().to_owned());
    let user = check_passkey(&api.ports, &party, &token, &body.credential, correlation).await?;
    let mut cookies = open(api, &user, organization.as_deref(), origin, "passkey", correlation).await?;
    cookies.push(COOKIE.forget());
    Ok(signed_in(next.as_ref(), cookies))
}
