//! `GET` and `POST /invitations`: where the link of an invitation's mail leads.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bulkhead_http_api::{
    Api, BrowserSession, Correlation, CsrfToken, FormBody, Kind, Origin, Page, Problem, Query, browser_session,
    check_same_origin,
};
use bulkhead_identity::{Limit, look_at_invitation, places_of};
use bulkhead_kernel::{CorrelationId, Secret};
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::reset_password::WithToken;
use crate::invitations::accept::accept;

/// Where it is.
pub(crate) const PATH: &str = "/invitations";
const TITLE: &str = "You are invited";

/// The form of somebody who is signed in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    csrf: String,
    token: String,
}

/// Shows who invites to what, to whoever has the token. Looking at it uses nothing up: mail programs look at links by
/// themselves.
pub(crate) async fn show(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    Query(WithToken(token)): Query<WithToken>,
) -> Result<Response, Problem> {
    let token = Secret::new(token.unwrap_or_default());
    let limits = api.credential_limits().await?;
    let shown = async { offer(&api, &headers, &token, &[]).await.map(IntoResponse::into_response) };
    api.limited(&limits, Limit::TokenAddress, &origin.counted(), shown).await.or_else(refuse)
}

/// Takes the invitation for whoever is signed in.
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
    let limits = api.credential_limits().await?;
    let taken = async { take(&api, &session, &token, &correlation).await.map(IntoResponse::into_response) };
    api.limited(&limits, Limit::TokenAddress, &origin.counted(), taken).await.or_else(refuse)
}

async fn take(
    api: &Api,
    session: &BrowserSession,
    token: &Secret,
    correlation: &CorrelationId,
) -> Result<Page, Problem> {
    let joined = accept(api, &session.caller, token, correlation).await?;
    let places = places_of(&api.ports, session.caller.user).await?;
    let place = places.into_iter().find(|place| place.membership.organization == joined.organization);
    Ok(joined_page(place.as_ref().map_or("the organization", |place| &place.name)))
}

/// Says that somebody belongs to an organisation now.
pub(super) fn joined_page(organization: &str) -> Page {
    Page::new("Welcome", html! { p { "You belong to " strong { (organization) } " now." } })
}

/// The invitation, with what was wrong with an attempt to take it.
pub(super) async fn offer(api: &Api, headers: &HeaderMap, token: &Secret, wrong: &[String]) -> Result<Page, Problem> {
    let offer = look_at_invitation(&api.ports, token.expose()).await?;
    let session = browser_session(headers, api).await?;
    let content = html! {
        @for wrong in wrong { p role="alert" { (wrong) } }
        p {
            strong { (offer.inviter) } " invites " strong { (offer.email) } " to the organization "
            strong { (offer.organization) } ", as " (offer.role.as_str()) "."
        }
        @match &session {
            Some(session) => (accept_form(session.csrf(), token)),
            None => {
                p { a href=(to_sign_in(token)) { "Sign in to accept, if you have an account" } }
                (super::invited::form(token))
            },
        }
    };
    Ok(Page::new(TITLE, content))
}

fn accept_form(csrf: &CsrfToken, token: &Secret) -> Markup {
    html! {
        form method="post" action=(PATH) {
            input type="hidden" name="csrf" value=(csrf.expose());
            input type="hidden" name="token" value=(token.expose());
            button type="submit" { "Accept" }
        }
        p { "It is for the account with this address. " a href=(super::sign_out::PATH) { "Sign out" } " to use another." }
    }
}

/// To where one signs in, and from there back here.
fn to_sign_in(token: &Secret) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
    super::sign_in::leading_to(&format!("{PATH}?{query}"))
}

/// Says why an invitation can't be taken; what is not the person's doing is a problem as everywhere.
pub(super) fn refuse(problem: Problem) -> Result<Response, Problem> {
    let theirs = matches!(
        problem.kind(),
        Kind::UnknownInvitation | Kind::AddressMismatch | Kind::AlreadyMember | Kind::TooManyRequests
    );
    if !theirs {
        return Err(problem);
    }
    Ok(Page::new(TITLE, html! { p role="alert" { (problem.detail()) } }).refusing(&problem))
}
