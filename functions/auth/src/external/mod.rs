//! Signing in at another provider, and the identities that users have there.
//!
//! A browser goes to the provider (`start`) and comes back (`callback`), to sign in or to link an identity to whoever is signed
//! in (`link`). `list` and `unlink` are for whoever has some. `buttons` is what the page to sign in on shows.

pub(crate) mod callback;
pub(crate) mod link;
pub(crate) mod list;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod pages;
pub(crate) mod start;
pub(crate) mod unlink;

#[cfg(not(target_family = "wasm"))]
pub(crate) use openapi::{operations, schemas};

use bulkhead_federation::{ATTEMPT_LIFETIME, DiscoveryCache, Provider, Providers};
use bulkhead_http_api::{Api, HostCookie, Problem};
use bulkhead_kernel::Secret;
use http::HeaderValue;
use maud::{Markup, html};

use crate::pages::Next;

/// The variable with the providers.
const PROVIDERS: &str = "sign_in_providers";

/// What the browser brings back from a provider. It comes along when another site leads here (Lax), as a provider does.
const ATTEMPT: HostCookie = HostCookie::lax("__Host-sign-in");

/// What issuers have said of themselves, which is the same for every request.
static DISCOVERED: DiscoveryCache = DiscoveryCache::new();

/// Those that the operator has set.
pub(crate) async fn providers(api: &Api) -> Result<Providers, Problem> {
    Providers::parse(api.variable(PROVIDERS).await?.expose()).map_err(Problem::misconfigured)
}

/// The address that a provider answers to. One of its own for each, so that no other can answer in its place.
async fn redirect_uri(api: &Api, provider: &Provider) -> Result<String, Problem> {
    Ok(format!("{}/sign-in/with/{}/callback", api.public_url().await?, provider.slug))
}

/// What binds an attempt to the browser.
fn attempt_cookie(browser: &Secret) -> Option<HeaderValue> {
    ATTEMPT.set(browser.expose(), ATTEMPT_LIFETIME.as_secs())
}

/// A way to each provider, for the page to sign in on.
pub(crate) async fn buttons(api: &Api, next: Option<&Next>) -> Result<Markup, Problem> {
    let providers = providers(api).await?;
    let query = next.map_or_else(String::new, |next| {
        let next = form_urlencoded::byte_serialize(next.as_str().as_bytes()).collect::<String>();
        format!("?next={next}")
    });
    Ok(html! {
        @for provider in providers.iter() {
            p { a.go href={ "/sign-in/with/" (provider.slug) (query) } { "Sign in with " (provider.name) } }
        }
    })
}
