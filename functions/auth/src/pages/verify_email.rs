//! `GET` and `POST /verify-email`: where the link of a mail leads.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Correlation, FormBody, Kind, Origin, Page, Problem, Query, check_same_origin};
use bulkhead_kernel::Secret;
use http::HeaderMap;
use maud::html;
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
    token: String,
}

/// The page with the button: mail programs look at links by themselves, and must confirm nothing.
pub(crate) async fn show(Query(WithToken(token)): Query<WithToken>) -> Response {
    let content = html! {
        form method="post" action=(PATH) {
            input type="hidden" name="token" value=(token.unwrap_or_default());
            button type="submit" { "Confirm" }
        }
    };
    Page::new(TITLE, content).into_response()
}

/// Confirms the address.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    check_same_origin(&headers, &api).await?;
    match confirm(&api, &origin, Secret::new(body.token), &correlation).await {
        Ok(_) => Ok(Page::new("Done", html! { p { "Your address is confirmed." } }).into_response()),
        Err(problem) if matches!(problem.kind(), Kind::InvalidToken | Kind::TooManyRequests) => {
            Ok(Page::new(TITLE, html! { p role="alert" { (problem.detail()) } }).refusing(&problem))
        }
        Err(problem) => Err(problem),
    }
}
