//! `GET` and `POST /reset-password`: where the link of a mail leads.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{
    Api, Correlation, FormBody, FromQuery, Kind, Origin, Page, Parameters, Problem, Query, check_same_origin,
};
use bulkhead_kernel::Secret;
use http::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use crate::password::confirm::confirm;

/// Where it is.
pub(crate) const PATH: &str = "/reset-password";
const TITLE: &str = "Choose a new password";

/// The query.
pub(crate) struct WithToken(pub(super) Option<String>);

impl FromQuery for WithToken {
    fn from_query(parameters: &mut Parameters) -> Self {
        Self(parameters.text("token"))
    }
}

/// The form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    token: String,
    new_password: String,
}

/// The page. Looking at it uses nothing up: mail programs look at links by themselves.
pub(crate) async fn show(Query(WithToken(token)): Query<WithToken>) -> Response {
    Page::new(TITLE, form(token.as_deref().unwrap_or_default(), &[])).into_response()
}

/// Sets the password.
pub(crate) async fn submit(
    State(api): State<Api>,
    Correlation(correlation): Correlation,
    origin: Origin,
    headers: HeaderMap,
    Query(()): Query<()>,
    FormBody(body): FormBody<Form>,
) -> Result<Response, Problem> {
    check_same_origin(&headers, &api).await?;
    let (token, new) = (Secret::new(body.token), Secret::new(body.new_password));
    match confirm(&api, &origin, token.clone(), new, &correlation).await {
        Ok(_) => {
            let content = html! { p { "Your password is set, and you are signed out everywhere." } p { a href=(super::sign_in::PATH) { "Sign in" } } };
            Ok(Page::new("Done", content).into_response())
        }
        Err(problem) if matches!(problem.kind(), Kind::InvalidToken | Kind::InvalidBody | Kind::TooManyRequests) => {
            Ok(Page::new(TITLE, form(token.expose(), &problem.messages())).refusing(&problem))
        }
        Err(problem) => Err(problem),
    }
}

fn form(token: &str, wrong: &[String]) -> Markup {
    html! {
        @for wrong in wrong { p role="alert" { (wrong) } }
        form method="post" action=(PATH) {
            input type="hidden" name="token" value=(token);
            label { "New password" input type="password" name="new_password" autocomplete="new-password" required; }
            button type="submit" { "Set password" }
        }
    }
}
