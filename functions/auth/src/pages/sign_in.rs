//! `GET` and `POST /sign-in`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bulkhead_http_api::{
    Api, Audience, Correlation, FormBody, FromQuery, Kind, Origin, Page, Parameters, Problem, Query, browser_session,
    check_same_origin, session_cookies,
};
use bulkhead_identity::{
    CredentialLimits, Limit, Membership, NewSession, OpaqueToken, OpenError, Purpose, RelyingParty, User,
    challenge_if_needed, choose_membership, hold_password, open_session,
};
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{CorrelationId, Scopes, Secret};
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::next::Next;
use crate::external::buttons;
use crate::sign_in::{known, not_opened};

/// Where it is.
pub(crate) const PATH: &str = "/sign-in";

/// The page's address, from which whoever signs in goes on to `next`, a path of ours.
pub(crate) fn leading_to(next: &str) -> String {
    format!("{PATH}?{}", form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish())
}

/// The query.
pub(crate) struct ToSignIn(pub(crate) Option<Next>);

impl FromQuery for ToSignIn {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.text("next").as_deref().and_then(Next::parse))
    }
}

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    email: String,
    password: String,
    organization: Option<String>,
    next: Option<String>,
}

/// The page. Whoever is signed in goes on to where they were going.
pub(crate) async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(ToSignIn(next)): Query<ToSignIn>,
) -> Result<Response, Problem> {
    match (browser_session(&headers, &api).await?, next) {
        (Some(_), Some(next)) => Ok(Redirect::to(next.as_str()).into_response()),
        (Some(_), None) => {
            let content = html! { p { "You are signed in." } p { a href=(super::sign_out::PATH) { "Sign out" } } };
            Ok(Page::new("Signed in", content).into_response())
        }
        (None, next) => Ok(page(&api, next.as_ref(), None, None).await?.into_response()),
    }
}

/// Opens a session that the browser keeps in a cookie.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    // A stranger's page must not sign somebody in to the stranger's account.
    check_same_origin(&headers, &api).await?;
    let (next, email) = (body.next.as_deref().and_then(Next::parse), body.email.clone());
    let limits = api.credential_limits().await?;
    let opened = api
        .limited(&limits, Limit::SignInAddress, &origin.counted(), sign_in(&api, &limits, origin, body, &correlation))
        .await;
    match opened {
        Err(problem) => refuse(&api, problem, next.as_ref(), Some(&email)).await,
        opened => opened,
    }
}

async fn sign_in(
    api: &Api,
    limits: &CredentialLimits,
    origin: Origin,
    body: Form,
    correlation: &CorrelationId,
) -> Result<Response, Problem> {
    let next = body.next.as_deref().and_then(Next::parse);
    let organization = body.organization.filter(|slug| !slug.is_empty());
    let password = Secret::new(body.password);
    let user = known(api, limits, &origin, &body.email, &password, correlation).await?;
    if let Some(challenge) = challenge_if_needed(&api.ports, &user, "password").await? {
        let page = super::second_factor::ask(challenge.token.expose(), organization.as_deref(), next.as_ref(), None);
        return Ok(page.into_response());
    }
    let cookies = open(api, &user, organization.as_deref(), origin, "password", correlation).await?;
    Ok(signed_in(next.as_ref(), cookies))
}

/// Opens the session, and says how the browser keeps it.
pub(crate) async fn open(
    api: &Api,
    user: &User,
    organization: Option<&str>,
    origin: Origin,
    how: &str,
    correlation: &CorrelationId,
) -> Result<Vec<http::HeaderValue>, Problem> {
    let membership = choose_membership(&api.ports, user, organization).await?;
    open_as(api, &membership, vec![hold_password(user)], origin, (how, not_opened), correlation).await
}

/// The same of a member who may be about to be made, by these steps.
pub(crate) async fn open_as(
    api: &Api,
    membership: &Membership,
    steps: Vec<Step>,
    Origin(origin): Origin,
    (how, refused): (&str, fn(OpenError) -> Problem),
    correlation: &CorrelationId,
) -> Result<Vec<http::HeaderValue>, Problem> {
    let (issuer, keys) = (api.public_url().await?, api.signing_keys().await?);
    let terms = api.lifetimes().await?.browser;
    let token = OpaqueToken::generate(Purpose::Browser, api.ports.entropy.as_ref());
    let session = NewSession {
        membership,
        issuer: &issuer,
        audience: &Audience::Rest.of(&issuer),
        scopes: Scopes::Everything,
        client: None,
        origin,
        browser: Some(&token),
    };
    // The browser has its cookie, and needs no other token: these are forgotten.
    open_session(&api.ports, &keys, &terms, session, how, steps, correlation).await.map_err(refused)?;
    Ok(session_cookies(&token, terms.session.as_secs()))
}

/// Goes on to where the browser was going. Not by a redirect: what comes there may redirect to another site, and that is not
/// what the form's policy allows.
pub(crate) fn signed_in(next: Option<&Next>, cookies: Vec<http::HeaderValue>) -> Response {
    Page::forward("Signed in", next.map_or(PATH, Next::as_str)).with_cookies(cookies).into_response()
}

const TITLE: &str = "Sign in";

/// The page once more, with what was wrong; what is not the person's doing is a problem as everywhere.
pub(super) async fn refuse(
    api: &Api,
    problem: Problem,
    next: Option<&Next>,
    email: Option<&str>,
) -> Result<Response, Problem> {
    let theirs = matches!(
        problem.kind(),
        Kind::WrongCredentials
            | Kind::NoOrganization
            | Kind::TooManyRequests
            | Kind::PasskeyRefused
            | Kind::InvalidToken
    );
    if !theirs {
        return Err(problem);
    }
    Ok(page(api, next, Some(problem.detail()), email).await?.refusing(&problem))
}

/// With a button for passkeys, where browsers have them at this address.
async fn page(api: &Api, next: Option<&Next>, wrong: Option<&str>, email: Option<&str>) -> Result<Page, Problem> {
    let password = html! { (form(next, wrong, email)) (buttons(api, next).await?) };
    if RelyingParty::of(&api.public_url().await?).is_err() {
        return Ok(Page::new(TITLE, password));
    }
    let content = html! { (password) (super::passkey_sign_in::form(next)) };
    Ok(Page::new(TITLE, content).with_script(super::passkey_sign_in::SCRIPT))
}

fn form(next: Option<&Next>, wrong: Option<&str>, email: Option<&str>) -> Markup {
    html! {
        @if let Some(wrong) = wrong { p role="alert" { (wrong) } }
        form method="post" action=(PATH) {
            @if let Some(next) = next { input type="hidden" name="next" value=(next.as_str()); }
            label { "E-mail address" input type="email" name="email" value=[email] autocomplete="username" required; }
            label { "Password" input type="password" name="password" autocomplete="current-password" required; }
            label { "Organization (may be left empty)" input id="organization" type="text" name="organization" autocomplete="organization"; }
            button type="submit" { "Sign in" }
        }
    }
}
