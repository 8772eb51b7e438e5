//! `GET /oauth/start` and `POST /oauth/start`: the link, and going on from its page.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bulkhead_authorization::Parameters;
use bulkhead_connections::{StartError, authorize, pending_link};
use bulkhead_http_api::{Api, CsrfToken, FormBody, Origin, Page, Problem};
use bulkhead_kernel::entropy;
use http::{HeaderMap, Uri};
use serde::Deserialize;

use crate::browser::{ATTEMPT, FORM, SECONDS};
use crate::limit::limited;
use crate::{confirm, pages, settings};

/// The form of the link's page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    token: String,
    check: String,
}

/// The link's page, which asks whether to go on; the user who asked for the link goes on at once where they are signed in.
pub(crate) async fn show(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    limited(&api, &origin, ask(&api, &headers, &uri)).await
}

async fn ask(api: &Api, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    let query = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
    let Some(token) = query.optional("token").ok().flatten() else {
        return Ok(pages::not_started(&StartError::Unknown).into_response());
    };
    let link = match pending_link(&api.ports, token).await {
        Ok(link) => link,
        Err(StartError::Sql(error)) => return Err(error.into()),
        Err(error) => return Ok(refused(error)),
    };
    if confirm::is_who_asked(headers, api, link.user).await? {
        return go_on(api, token).await;
    }
    let value = hex::encode(entropy::bytes::<32>(api.ports.entropy.as_ref()));
    let page = pages::confirm(&link, token, CsrfToken::of(&value).expose());
    Ok(with_cookie(page, FORM.set(&value, SECONDS)).into_response())
}

/// The click: uses the link up and leads to the provider.
pub(crate) async fn go(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    form: Result<FormBody<Form>, Problem>,
) -> Result<Response, Problem> {
    // What is no form of ours counts as well.
    limited(&api, &origin, click(&api, &headers, form)).await
}

async fn click(api: &Api, headers: &HeaderMap, form: Result<FormBody<Form>, Problem>) -> Result<Response, Problem> {
    let FormBody(Form { token, check }) = form?;
    if !confirm::is_own(headers, api, &check).await? {
        return Ok(pages::not_own().into_response());
    }
    go_on(api, &token).await
}

async fn go_on(api: &Api, token: &str) -> Result<Response, Problem> {
    let redirect_uri = settings::redirect_uri(&api.public_url().await?);
    let clients = settings::clients(api).await?;
    match authorize(&api.ports, &clients, token, &redirect_uri).await {
        Ok(authorization) => {
            let page = pages::leaving(&authorization);
            let page = with_cookie(page, ATTEMPT.set(authorization.browser.expose(), SECONDS));
            Ok(page.with_cookie(FORM.forget()).into_response())
        }
        Err(StartError::Sql(error)) => Err(error.into()),
        Err(error) => Ok(refused(error)),
    }
}

fn refused(error: StartError) -> Response {
    tracing::warn!(%error, "a link leads nowhere");
    pages::not_started(&error).into_response()
}

fn with_cookie(page: Page, cookie: Option<http::HeaderValue>) -> Page {
    match cookie {
        Some(cookie) => page.with_cookie(cookie),
        None => page,
    }
}
