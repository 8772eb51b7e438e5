//! `GET /oauth/start` and `POST /oauth/start`: the link, and going on from its page.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bulkhead_connections::{StartError, authorize, pending_link};
use bulkhead_http_api::{Api, Origin, Page, Problem};
use bulkhead_kernel::entropy;
use http::Uri;

use crate::browser::{self, ATTEMPT, FORM};
use crate::limit::limited;
use crate::{confirm, pages, settings};

/// The most bytes of the form: its two members are of fixed length.
const MAX_FORM: usize = 2048;

/// The link's page, which asks whether to go on.
pub(crate) async fn show(State(api): State<Api>, origin: Origin, uri: Uri) -> Result<Response, Problem> {
    limited(&api, &origin, ask(&api, &uri)).await
}

async fn ask(api: &Api, uri: &Uri) -> Result<Response, Problem> {
    let Some(token) = parameters(uri.query().unwrap_or_default().as_bytes()).remove("token") else {
        return Ok(pages::not_started(&StartError::Unknown).into_response());
    };
    let link = match pending_link(&api.ports, &token).await {
        Ok(link) => link,
        Err(StartError::Sql(error)) => return Err(error.into()),
        Err(error) => return Ok(refused(error)),
    };
    let value = hex::encode(entropy::bytes::<32>(api.ports.entropy.as_ref()));
    let page = pages::confirm(&link, &token, &confirm::check(&value));
    Ok(with_cookie(page, browser::set(FORM, &value, "Strict")).into_response())
}

/// The click: uses the link up and leads to the provider.
pub(crate) async fn go(State(api): State<Api>, origin: Origin, request: Request) -> Result<Response, Problem> {
    limited(&api, &origin, read_form(&api, request)).await
}

async fn read_form(api: &Api, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let public_url = api.public_url().await?;
    // A longer one is none that our page has sent.
    let form = to_bytes(body, MAX_FORM).await.unwrap_or_default();
    let mut form = parameters(&form);
    let (token, check) = (form.remove("token").unwrap_or_default(), form.remove("check").unwrap_or_default());
    if !confirm::is_own(&head.headers, &check, &public_url) {
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
            let page = with_cookie(page, browser::set(ATTEMPT, authorization.browser.expose(), "Lax"));
            Ok(with_cookie(page, browser::forget(FORM)).into_response())
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

/// The members of a form or query that are there once.
pub(crate) fn parameters(text: &[u8]) -> HashMap<String, String> {
    let mut found: HashMap<String, Option<String>> = HashMap::new();
    for (name, value) in form_urlencoded::parse(text).into_owned() {
        found.entry(name).and_modify(|value| *value = None).or_insert(Some(value));
    }
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
