//! `GET /oauth/start` and `POST /oauth/start`: the link, and going on from its page.

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bulkhead_connections::{StartError, authorize, pending_link};
use bulkhead_http_api::{Api, Page, Problem, host_cookie, no_host_cookie, single_parameters};
use bulkhead_kernel::entropy;
use http::Uri;

use crate::browser::{ATTEMPT, FORM, SECONDS};
use crate::{confirm, pages, settings};

/// The most bytes of the form: its two members are of fixed length.
const MAX_FORM: usize = 2048;

/// The link's page, which asks whether to go on.
pub(crate) async fn show(State(api): State<Api>, uri: Uri) -> Result<Response, Problem> {
    let Some(token) = single_parameters(uri.query().unwrap_or_default().as_bytes()).remove("token") else {
        return Ok(pages::not_started(&StartError::Unknown).into_response());
    };
    let link = match pending_link(&api.ports, &token).await {
        Ok(link) => link,
        Err(StartError::Sql(error)) => return Err(error.into()),
        Err(error) => return Ok(refused(error)),
    };
    let value = hex::encode(entropy::bytes::<32>(api.ports.entropy.as_ref()));
    let page = pages::confirm(&link, &token, &confirm::check(&value));
    Ok(with_cookie(page, host_cookie(FORM, &value, SECONDS, "Strict")).into_response())
}

/// The click: uses the link up and leads to the provider.
pub(crate) async fn go(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let public_url = api.public_url().await?;
    // A longer one is none that our page has sent.
    let form = to_bytes(body, MAX_FORM).await.unwrap_or_default();
    let mut form = single_parameters(&form);
    let (token, check) = (form.remove("token").unwrap_or_default(), form.remove("check").unwrap_or_default());
    if !confirm::is_own(&head.headers, &check, &public_url) {
        return Ok(pages::not_own().into_response());
    }
    go_on(&api, &token).await
}

async fn go_on(api: &Api, token: &str) -> Result<Response, Problem> {
    let redirect_uri = settings::redirect_uri(&api.public_url().await?);
    let clients = settings::clients(api).await?;
    match authorize(&api.ports, &clients, token, &redirect_uri).await {
        Ok(authorization) => {
            let page = pages::leaving(&authorization);
            let page = with_cookie(page, host_cookie(ATTEMPT, authorization.browser.expose(), SECONDS, "Lax"));
            Ok(with_cookie(page, no_host_cookie(FORM)).into_response())
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
