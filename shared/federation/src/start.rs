//! The way to a provider.

use bulkhead_connections::TokenEndpoint;
use bulkhead_identity::{IdentityKey, OpaqueToken, Purpose};
use bulkhead_kernel::http::{HttpClient, HttpLimits, NoHttp};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Secret};

use crate::attempt::{ATTEMPT_LIFETIME, Attempt, Intent, Kept};
use crate::discovery::{DiscoveryCache, DiscoveryError};
use crate::provider::{Provider, ProviderKind};
use crate::{github, store};

/// Where to, and how.
pub struct Start<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// The way to it.
    pub http: &'a dyn HttpClient,
    /// What issuers have said.
    pub cache: &'a DiscoveryCache,
    /// What is kept is sealed with it.
    pub key: &'a IdentityKey,
    /// The address that the provider answers to.
    pub redirect_uri: &'a str,
}

/// Why nobody is sent there.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The issuer can't be asked where.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The provider's addresses are none.
    #[error("the provider's addresses can't be used")]
    Addresses,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A browser that is sent there.
#[derive(Debug)]
pub struct Started {
    /// Where it goes.
    pub url: String,
    /// What it brings back, as a cookie.
    pub browser: Secret,
}

/// Begins an attempt. `next` is where the browser goes afterwards; it comes back as it is.
///
/// # Errors
/// [`StartError`].
pub async fn start(
    ports: &Ports,
    start: &Start<'_>,
    intent: Intent,
    next: Option<&str>,
) -> Result<Started, StartError> {
    let (now, entropy) = (ports.now(), ports.entropy.as_ref());
    let state = OpaqueToken::generate(Purpose::SignInState, entropy);
    let browser = OpaqueToken::generate(Purpose::SignInBrowser, entropy);
    let [verifier, nonce] = [(); 2].map(|()| {
        let token = OpaqueToken::generate(Purpose::SignInProof, entropy);
        Secret::new(token.expose().to_owned())
    });
    let provider = match &start.provider.kind {
        ProviderKind::GitHub { url } => github::oauth(start.provider, url),
        ProviderKind::Oidc { issuer } => {
            start.cache.metadata(start.http, issuer, now).await?.oauth(start.provider, Some(&nonce))
        }
    };
    let endpoint = TokenEndpoint::new(&provider, &start.provider.client, &NoHttp, HttpLimits::default());
    let sent = Secret::new(state.expose().to_owned());
    let url = endpoint.authorize_url(start.redirect_uri, &provider.scopes, &sent, &verifier);
    let url = url.map_err(|_| StartError::Addresses)?;
    let (verifier, nonce) = (verifier.expose().to_owned(), nonce.expose().to_owned());
    let kept = Kept { verifier, nonce, next: next.map(str::to_owned) };
    let state_hash = state.hash();
    let attempt = Attempt {
        sealed: kept.seal(start.key, &state_hash, entropy),
        state_hash,
        browser_hash: browser.hash(),
        provider: start.provider.slug.clone(),
        intent,
        created_at: now,
        expires_at: now.plus(ATTEMPT_LIFETIME),
        used: false,
    };
    ports.sql.batch(vec![store::sweep(now).into(), store::insert(&attempt).into()]).await?;
    Ok(Started { url, browser: Secret::new(browser.expose().to_owned()) })
}
