//! `POST /invitations/sign-up`: an account for whoever was invited and has none.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, FormBody, Kind, Origin, Problem, Query, check_same_origin, session_cookies};
use bulkhead_identity::{InvitedAccount, Limit, OpaqueToken, Purpose, look_at_invitation};
use bulkhead_kernel::{CorrelationId, Secret};
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::invitation::{joined_page, offer, refuse};
use crate::invited::join;

/// Where it is.
pub(crate) const PATH: &str = "/invitations/sign-up";

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    token: String,
    name: String,
    password: String,
}

/// Makes the account, and opens a session that the browser keeps in a cookie.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    // A stranger's page must not sign somebody in to an account that the stranger knows.
    check_same_origin(&headers, &api).await?;
    let token = Secret::new(body.token.clone());
    let limits = api.credential_limits().await?;
    let joined = sign_up(&api, origin.clone(), body, &correlation);
    match api.limited(&limits, Limit::TokenAddress, &origin.counted(), joined).await {
        // The person tries once more.
        Err(problem) if matches!(problem.kind(), Kind::InvalidBody | Kind::AccountExists) => {
            match offer(&api, &headers, &token, &problem.messages()).await {
                Ok(page) => Ok(page.refusing(&problem)),
                Err(problem) => refuse(problem),
            }
        }
        joined => joined.or_else(refuse),
    }
}

async fn sign_up(api: &Api, origin: Origin, body: Form, correlation: &CorrelationId) -> Result<Response, Problem> {
    let invited = look_at_invitation(&api.ports, &body.token).await?;
    let new = InvitedAccount { token: body.token, name: body.name, password: Secret::new(body.password) };
    let (terms, cookie) =
        (api.lifetimes().await?.browser, OpaqueToken::generate(Purpose::Browser, api.ports.entropy.as_ref()));
    // The browser has its cookie, and needs no other token: these are forgotten.
    join(api, origin, new, (terms, Some(&cookie)), correlation).await?;
    let page = joined_page(&invited.organization);
    Ok(page.with_cookies(session_cookies(&cookie, terms.session.as_secs())).into_response())
}

/// The form to sign up with.
pub(super) fn form(token: &Secret) -> Markup {
    html! {
        p { "If you have none, make one:" }
        form method="post" action=(PATH) {
            input type="hidden" name="token" value=(token.expose());
            label { "Your name" input type="text" name="name" autocomplete="name" required; }
            label { "New password" input type="password" name="password" autocomplete="new-password" required; }
            button type="submit" { "Sign up and accept" }
        }
    }
}
