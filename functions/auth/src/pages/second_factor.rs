//! `POST /sign-in/second-factor`: the second step of the page to sign in on.

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, FormBody, Kind, Origin, Page, Problem, Query, check_same_origin};
use bulkhead_identity::Limit;
use bulkhead_kernel::Secret;
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::next::Next;
use super::sign_in::{open, signed_in};
use crate::second_factor::sign_in::check;

/// Where it is.
pub(crate) const PATH: &str = "/sign-in/second-factor";

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    challenge: String,
    code: String,
    organization: Option<String>,
    next: Option<String>,
}

/// The page that asks for a code.
pub(crate) fn ask(challenge: &str, organization: Option<&str>, next: Option<&Next>, wrong: Option<&str>) -> Page {
    Page::new("Enter a code", form(challenge, organization, next, wrong))
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
    let organization = body.organization.filter(|slug| !slug.is_empty());
    let (challenge, code) = (Secret::new(body.challenge), Secret::new(body.code));
    let limits = api.credential_limits().await?;
    let opened = async {
        let (user, how) = check(&api, &challenge, &code, &correlation).await?;
        let cookies = open(&api, &user, organization.as_deref(), origin.clone(), &how, &correlation).await?;
        Ok(signed_in(next.as_ref(), cookies))
    };
    match api.limited(&limits, Limit::SignInAddress, &origin.counted(), opened).await {
        Err(problem) if matches!(problem.kind(), Kind::WrongCode | Kind::TooManyRequests) => {
            let page = ask(challenge.expose(), organization.as_deref(), next.as_ref(), Some(problem.detail()));
            Ok(page.refusing(&problem))
        }
        Err(problem) if matches!(problem.kind(), Kind::InvalidToken | Kind::NoOrganization) => {
            let content =
                html! { p role="alert" { (problem.detail()) } p { a href=(super::sign_in::PATH) { "Sign in" } } };
            Ok(Page::new("Sign in again", content).refusing(&problem))
        }
        other => other,
    }
}

fn form(challenge: &str, organization: Option<&str>, next: Option<&Next>, wrong: Option<&str>) -> Markup {
    html! {
        @if let Some(wrong) = wrong { p role="alert" { (wrong) } }
        form method="post" action=(PATH) {
            input type="hidden" name="challenge" value=(challenge);
            @if let Some(organization) = organization { input type="hidden" name="organization" value=(organization); }
            @if let Some(next) = next { input type="hidden" name="next" value=(next.as_str()); }
            label { "Code of your authenticator, or a recovery code" input type="text" name="code" autocomplete="one-time-code" required; }
            button type="submit" { "Sign in" }
        }
    }
}
