//! `GET /passkeys`: a person's passkeys, and a form that adds one.
//!
//! A browser makes passkeys for a script alone. It uses `/v1/auth/passkeys` with the session's cookie, as any script of ours
//! would.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bulkhead_http_api::{Api, CsrfToken, Page, Problem, Query, browser_session};
use bulkhead_identity::{MAX_PASSKEYS, Passkey, RelyingParty, list_passkeys};
use bulkhead_kernel::PageRequest;
use http::HeaderMap;
use maud::{Markup, html};

/// Where it is.
pub(crate) const PATH: &str = "/passkeys";
const TITLE: &str = "Passkeys";
const SCRIPT: &str = include_str!("passkeys.js");

/// The page. Whoever is not signed in signs in first.
pub(crate) async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    let Some(session) = browser_session(&headers, &api).await? else {
        return Ok(Redirect::to(&super::sign_in::leading_to(PATH)).into_response());
    };
    if let Err(unavailable) = RelyingParty::of(&api.public_url().await?) {
        return Ok(Page::new(TITLE, html! { p role="alert" { (unavailable) } }).into_response());
    }
    let all = PageRequest { after: None, limit: MAX_PASSKEYS };
    let passkeys = list_passkeys(&api.ports, &session.caller, &all).await?.items;
    let content = html! { (list(&passkeys)) (form(session.csrf())) };
    Ok(Page::new(TITLE, content).with_script(SCRIPT).into_response())
}

fn list(passkeys: &[Passkey]) -> Markup {
    html! {
        @if passkeys.is_empty() { p { "You have no passkey. With one you sign in without a password and without a code." } }
        ul {
            @for passkey in passkeys {
                li {
                    (passkey.name) ", since " (day(&passkey.created_at.to_string()))
                    @if let Some(used) = passkey.last_used_at { ", last used " (day(&used.to_string())) }
                    " "
                    button type="button" data-passkey=(passkey.id) { "Delete" }
                }
            }
        }
    }
}

/// The day of a time (RFC 3339).
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

fn form(csrf: &CsrfToken) -> Markup {
    html! {
        p id="wrong" role="alert" hidden {}
        p id="unknown" { "This browser has no passkeys." }
        form id="add" hidden {
            input type="hidden" name="csrf" value=(csrf.expose());
            label { "Name" input type="text" name="name" maxlength="100" required; }
            label { "Password" input type="password" name="password" autocomplete="current-password" required; }
            label { "Code of your authenticator, if you have one" input type="text" name="code" autocomplete="one-time-code"; }
            button type="submit" { "Add a passkey" }
        }
    }
}
