//! `GET` and `POST /sign-out`

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use bulkhead_authorization::withdraw_steps;
use bulkhead_http_api::{
    Api, Correlation, FormBody, Page, Problem, Query, browser_session, check_same_origin, no_session_cookies,
};
use bulkhead_identity::{RevokeError, revoke_session};
use bulkhead_kernel::Credential;
use http::HeaderMap;
use http::header::SET_COOKIE;
use maud::html;
use serde::Deserialize;

/// Where it is.
pub(crate) const PATH: &str = "/sign-out";

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    csrf: String,
}

/// The page with the button: a link alone must sign nobody out.
pub(crate) async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    let Some(session) = browser_session(&headers, &api).await? else {
        return Ok(Redirect::to(super::sign_in::PATH).into_response());
    };
    let content = html! {
        form method="post" action=(PATH) {
            input type="hidden" name="csrf" value=(session.csrf().expose());
            button type="submit" { "Sign out" }
        }
    };
    Ok(Page::new("Sign out", content).into_response())
}

/// Ends the browser's session, and takes its cookies away.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    check_same_origin(&headers, &api).await?;
    if let Some(session) = browser_session(&headers, &api).await? {
        session.check_form(&headers, &api, &body.csrf).await?;
        if let Credential::Session(id) = session.caller.credential {
            let further = withdraw_steps(session.caller.user);
            match revoke_session(&api.ports, &session.caller, id, further, &correlation).await {
                // Somebody was faster.
                Ok(()) | Err(RevokeError::Unknown) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let cookies = AppendHeaders(no_session_cookies().map(|cookie| (SET_COOKIE, cookie)));
    Ok((cookies, Redirect::to(super::sign_in::PATH)).into_response())
}
