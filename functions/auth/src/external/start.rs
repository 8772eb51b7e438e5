//! `GET /sign-in/with/{provider}`

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use bulkhead_federation::{Intent, Start, StartError, Started, start};
use bulkhead_http_api::{Api, Kind, Origin, Path, Problem, Query};
use bulkhead_identity::Limit;
use http::header::SET_COOKIE;

use super::{DISCOVERED, attempt_cookie, pages, providers, redirect_uri};
use crate::pages::Next;
use crate::pages::sign_in::ToSignIn;

/// Where it is.
pub(crate) const PATH: &str = "/sign-in/with/{provider}";

/// Sends a browser to a provider, and where it was going with it.
pub(crate) async fn handle(
    State(api): State<Api>,
    origin: Origin,
    Path(slug): Path<String>,
    Query(ToSignIn(next)): Query<ToSignIn>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let sent = api.limited(&limits, Limit::SignInAddress, &origin.counted(), send(&api, &slug, next.as_ref())).await;
    sent.or_else(pages::refused)
}

async fn send(api: &Api, slug: &str, next: Option<&Next>) -> Result<Response, Problem> {
    let started = begin(api, slug, Intent::SignIn, next).await?;
    let cookies = attempt_cookie(&started.browser).map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookies), Redirect::to(&started.url)).into_response())
}

/// Begins an attempt.
pub(super) async fn begin(api: &Api, slug: &str, intent: Intent, next: Option<&Next>) -> Result<Started, Problem> {
    let providers = providers(api).await?;
    let provider = providers.get(slug).ok_or_else(unknown_provider)?;
    let (key, redirect_uri) = (api.identity_key().await?, redirect_uri(api, provider).await?);
    let way = Start { provider, http: api.http.as_ref(), cache: &DISCOVERED, key: &key, redirect_uri: &redirect_uri };
    start(&api.ports, &way, intent, next.map(Next::as_str)).await.map_err(|error| match error {
        StartError::Sql(error) => error.into(),
        error => {
            let detail = "the provider can't be reached now, or its addresses can't be used; the log says more";
            Problem::new(Kind::ProviderUnavailable, detail).caused_by(error)
        }
    })
}

pub(super) fn unknown_provider() -> Problem {
    Problem::new(Kind::UnknownProvider, "nobody signs in by a provider of this name here")
}
