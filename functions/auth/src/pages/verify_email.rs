//! `GET` and `POST /verify-email`: where the link of a mail leads.
//!
//! Whoever presses the button says that the account is theirs. So they are signed in to it, and see which one it is: somebody else
//! may have made it with their address.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bulkhead_http_api::{
    Api, BrowserSession, Correlation, FormBody, Kind, Origin, Page, Problem, Query, browser_session, check_same_origin,
};
use bulkhead_identity::{places_of, read_profile};
use bulkhead_kernel::{CorrelationId, Secret};
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::reset_password::WithToken;
use crate::email::confirm::confirm;

/// Where it is.
pub(crate) const PATH: &str = "/verify-email";
const TITLE: &str = "Confirm your address";

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    csrf: String,
    token: String,
}

/// The page with the button: mail programs look at links by themselves, and must confirm nothing.
pub(crate) async fn show(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    headers: HeaderMap,
    Query(WithToken(token)): Query<WithToken>,
) -> Result<Page, Problem> {
    let token = Secret::new(token.unwrap_or_default());
    let content = match browser_session(&headers, &api).await? {
        Some(session) => form(&api, &session, &token, &correlation).await?,
        None => html! {
            p { a href=(to_sign_in(&token)) { "Sign in" } " to the account whose address this is to confirm it." }
            p { "If you made no account here, somebody else did with your address: there is nothing to confirm." }
        },
    };
    Ok(Page::new(TITLE, content))
}

/// Confirms the address of whoever is signed in.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    check_same_origin(&headers, &api).await?;
    let token = Secret::new(body.token);
    let Some(session) = browser_session(&headers, &api).await? else {
        return Ok(Redirect::to(&to_sign_in(&token)).into_response());
    };
    session.check_form(&headers, &api, &body.csrf).await?;
    match confirm(&api, &session.caller, &origin, token, &correlation).await {
        Ok(_) => Ok(Page::new("Done", html! { p { "Your address is confirmed." } }).into_response()),
        Err(problem) if matches!(problem.kind(), Kind::InvalidToken | Kind::TooManyRequests) => {
            Ok(Page::new(TITLE, html! { p role="alert" { (problem.detail()) } }).refusing(&problem))
        }
        Err(problem) => Err(problem),
    }
}

/// The account, by its names, and the button.
async fn form(
    api: &Api,
    session: &BrowserSession,
    token: &Secret,
    correlation: &CorrelationId,
) -> Result<Markup, Problem> {
    let profile = read_profile(&api.ports, &session.caller, correlation).await?;
    let places = places_of(&api.ports, session.caller.user).await?;
    Ok(html! {
        p {
            "You are signed in as " strong { (profile.name) } ", " strong { (profile.email.unwrap_or_default()) } "."
            @if !places.is_empty() { " You belong to:" }
        }
        @if !places.is_empty() { ul { @for place in &places { li { (place.name) } } } }
        form method="post" action=(PATH) {
            input type="hidden" name="csrf" value=(session.csrf().expose());
            input type="hidden" name="token" value=(token.expose());
            button type="submit" { "This is my account, and my address" }
        }
        p { "If it is not, " a href=(super::sign_out::PATH) { "sign out" } "." }
    })
}

/// To where one signs in, and from there back here.
fn to_sign_in(token: &Secret) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
    super::sign_in::leading_to(&format!("{PATH}?{query}"))
}
