//! The issuer's keys: found by its metadata, kept for a while, and asked for once however many wait for them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bulkhead_federation::{Jwks, KeySet, may_name};
use bulkhead_identity::SigningAlgorithm;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::fetch::{FetchError, Fetcher};
use crate::config::IssuerUrl;

/// Why the issuer's keys are not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum IssuerError {
    /// It has no metadata at any of the well-known places. The last failure says why.
    #[error("the issuer's metadata can't be had: {0}")]
    Metadata(FetchError),
    /// The metadata is somebody else's.
    #[error("the metadata at {url} is of the issuer {found:?}")]
    OtherIssuer { url: Url, found: String },
    /// The metadata names no place for the keys that can be trusted.
    #[error("the issuer's metadata names no https URL of another machine as jwks_uri")]
    KeysPlace,
    /// The keys can't be had.
    #[error("the issuer's keys can't be had: {0}")]
    Keys(FetchError),
    /// It took longer than `oauth.fetch_ms`.
    #[error("the issuer took longer than {} ms to answer", .0.as_millis())]
    Timeout(Duration),
    /// It did not answer a moment ago.
    #[error("the issuer's keys could not be had a moment ago")]
    Pausing,
}

/// The part of an issuer's metadata that matters here (RFC 8414, OpenID Connect Discovery).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// How the issuer's keys are kept.
pub(super) struct Terms {
    pub(super) algorithms: Vec<SigningAlgorithm>,
    /// How long keys are good.
    pub(super) keep: Duration,
    /// How long to wait between two requests.
    pub(super) pause: Duration,
    /// How long all of asking may take.
    pub(super) patience: Duration,
}

/// An issuer and its keys.
#[derive(Clone)]
pub(super) struct Issuer(Arc<Inner>);

struct Inner {
    url: IssuerUrl,
    terms: Terms,
    fetcher: Fetcher,
    known: RwLock<Option<Known>>,
    /// When it was last asked. Whoever asks holds this, so that the others wait and then find what was learned.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<KeySet>,
    since: Instant,
}

impl Issuer {
    pub(super) fn new(url: IssuerUrl, terms: Terms, fetcher: Fetcher) -> Self {
        Self(Arc::new(Inner { url, terms, fetcher, known: RwLock::default(), asked: Mutex::default() }))
    }

    /// Keys among which is one with this id, unless the issuer has none.
    ///
    /// # Errors
    /// [`IssuerError`] when it has to be asked and does not answer as it should.
    pub(super) async fn keys(&self, id: &str) -> Result<Arc<KeySet>, IssuerError> {
        if let Some(keys) = self.0.current().filter(|keys| keys.find(id).next().is_some()) {
            return Ok(keys);
        }
        // A task of its own: when this request is given up, the others still get what it has asked for.
        let (inner, id) = (self.0.clone(), id.to_owned());
        let asking = tokio::spawn(async move { inner.ask(&id).await });
        asking.await.unwrap_or(Err(IssuerError::Pausing))
    }
}

impl Inner {
    /// The keys that are good still.
    fn current(&self) -> Option<Arc<KeySet>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.since.elapsed() < self.terms.keep).map(|known| known.keys.clone())
    }

    async fn ask(&self, id: &str) -> Result<Arc<KeySet>, IssuerError> {
        let mut asked = self.asked.lock().await;
        let current = self.current();
        if let Some(keys) = current.as_ref().filter(|keys| keys.find(id).next().is_some()) {
            return Ok(keys.clone());
        }
        // Whoever makes up key ids must not make us ask for each of them.
        if asked.is_some_and(|last| last.elapsed() < self.terms.pause) {
            return current.ok_or(IssuerError::Pausing);
        }
        *asked = Some(Instant::now());
        let patience = self.terms.patience;
        let fetched = tokio::time::timeout(patience, self.fetch()).await;
        match fetched.unwrap_or(Err(IssuerError::Timeout(patience))) {
            Ok(keys) => {
                tracing::info!(issuer = self.url.as_str(), keys = keys.len(), "fetched the issuer's keys");
                let keys = Arc::new(keys);
                let known = Known { keys: keys.clone(), since: Instant::now() };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
                Ok(keys)
            }
            Err(error) => {
                tracing::warn!(issuer = self.url.as_str(), %error, "the issuer's keys can't be refreshed");
                // A key that is not known is not known; those that are go on being good for their time.
                current.ok_or(error)
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, IssuerError> {
        let metadata = self.metadata().await?;
        let place = Url::parse(&metadata.jwks_uri).map_err(|_| IssuerError::KeysPlace)?;
        if !may_name(self.url.url().as_str(), place.as_str()) {
            return Err(IssuerError::KeysPlace);
        }
        let jwks: Jwks = self.fetcher.get(&place).await.map_err(IssuerError::Keys)?;
        Ok(KeySet::of(jwks, &self.terms.algorithms))
    }

    async fn metadata(&self) -> Result<Metadata, IssuerError> {
        let mut last = None;
        for url in well_known(self.url.url()) {
            match self.fetcher.get::<Metadata>(&url).await {
                Ok(metadata) if metadata.issuer == self.url.as_str() => return Ok(metadata),
                // Not the next place: somebody answers for this issuer who is not it.
                Ok(Metadata { issuer: found, .. }) => return Err(IssuerError::OtherIssuer { url, found }),
                // There may be nothing at one place and something at the next.
                Err(error @ (FetchError::Status { .. } | FetchError::Malformed { .. })) => last = Some(error),
                Err(error) => return Err(IssuerError::Metadata(error)),
            }
        }
        Err(last.map_or(IssuerError::Pausing, IssuerError::Metadata))
    }
}

/// Where an issuer's metadata may be, in the order of MCP's authorization chapter: RFC 8414, then OpenID Connect, with the
/// issuer's path behind the well-known part and before it.
fn well_known(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut places = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        places.push(format!("{path}/.well-known/openid-configuration"));
    }
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    places.into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_at_the_well_known_places_with_the_issuers_path() {
        let places = |issuer: &str| -> Vec<String> {
            well_known(&Url::parse(issuer).expect("a URL")).into_iter().map(String::from).collect()
        };
        let root = ["https://h/.well-known/oauth-authorization-server", "https://h/.well-known/openid-configuration"];
        assert_eq!(places("https://h"), root);
        assert_eq!(places("https://h/"), root);
        let tenant = [
            "https://h:8/.well-known/oauth-authorization-server/a/b",
            "https://h:8/.well-known/openid-configuration/a/b",
            "https://h:8/a/b/.well-known/openid-configuration",
        ];
        assert_eq!(places("https://h:8/a/b"), tenant);
    }
}
