//! Where an issuer is asked for what (OpenID Connect Discovery 1.0), and its keys; kept for a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bulkhead_connectors::oauth::{BodyFormat, ClientAuthentication, OauthProvider, Revocation};
use bulkhead_identity::SigningAlgorithm;
use bulkhead_kernel::http::HttpClient;
use bulkhead_kernel::{Secret, Timestamp};
use serde::Deserialize;

use crate::fetch::{FetchError, get};
use crate::keys::{Jwks, KeySet};
use crate::provider::{Provider, is_trustworthy, may_name};

/// How long they are good: so long a key that is withdrawn may still work.
const KEEP: Duration = Duration::from_secs(5 * 60);
/// How long to wait until an issuer is asked again for a key that it did not have.
const PAUSE: Duration = Duration::from_secs(5);
/// Issuers that are remembered.
const MAX_ISSUERS: usize = 16;

/// Why an issuer can't be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// It has no metadata.
    #[error("the issuer's metadata can't be had: {0}")]
    Metadata(FetchError),
    /// The metadata is somebody else's.
    #[error("the metadata names another issuer than the one that is configured")]
    OtherIssuer,
    /// An address could be another's on the way, or is one of this machine.
    #[error("the metadata names an address that is not https, or one of this machine")]
    Untrustworthy,
    /// It has no keys.
    #[error("the issuer's keys can't be had: {0}")]
    Keys(FetchError),
}

/// What of an issuer's metadata matters here.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    fn is_trustworthy(&self) -> bool {
        let all = [Some(&self.authorization_endpoint), Some(&self.token_endpoint), Some(&self.jwks_uri)];
        let mut all = all.into_iter().chain([self.userinfo_endpoint.as_ref()]).flatten();
        all.all(|address| is_trustworthy(address) && may_name(&self.issuer, address))
    }

    /// The same as requests are made to it. `nonce` goes along where there is one.
    pub(crate) fn oauth(&self, provider: &Provider, nonce: Option<&Secret>) -> OauthProvider {
        // RFC 8414, section 2: basic authentication when it does not say.
        let knows = |method: &str| {
            let methods = self.token_endpoint_auth_methods_supported.as_ref();
            methods.is_none_or(|methods| methods.iter().any(|known| known == method))
        };
        let client_authentication = match &provider.client.secret {
            None => ClientAuthentication::None,
            Some(_) if knows("client_secret_basic") => ClientAuthentication::Basic,
            Some(_) => ClientAuthentication::Post,
        };
        OauthProvider {
            authorize_url: self.authorization_endpoint.clone(),
            token_url: self.token_endpoint.clone(),
            issuer: Some(self.issuer.clone()),
            iss: self.authorization_response_iss_parameter_supported,
            client_authentication,
            authorize_parameters: nonce
                .map(|nonce| ("nonce".to_owned(), nonce.expose().to_owned()))
                .into_iter()
                .collect(),
            ..plain(provider)
        }
    }
}

/// A provider without peculiarities, and without addresses.
pub(crate) fn plain(provider: &Provider) -> OauthProvider {
    OauthProvider {
        name: provider.name.clone(),
        client: provider.slug.clone(),
        authority: provider.issuer().to_owned(),
        authorize_url: String::new(),
        token_url: String::new(),
        revoke_url: None,
        revocation: Revocation::Standard,
        issuer: None,
        iss: false,
        scopes: provider.scopes.clone(),
        scope_separator: " ".to_owned(),
        scope_parameter: "scope".to_owned(),
        client_authentication: ClientAuthentication::Post,
        body: BodyFormat::Form,
        pkce: true,
        authorize_parameters: BTreeMap::new(),
        token_parameters: BTreeMap::new(),
        refresh_parameters: BTreeMap::new(),
        headers: BTreeMap::new(),
        token_in: None,
        account: None,
        error_in: None,
        errors: BTreeMap::new(),
        expires_in: None,
        refresh: false,
    }
}

/// What issuers have said, for a while. It holds nothing of a request, so one is enough for all of them.
#[derive(Default)]
pub struct DiscoveryCache(Mutex<Vec<Known>>);

struct Known {
    issuer: String,
    since: Timestamp,
    metadata: Arc<Metadata>,
    keys: Option<(Timestamp, Arc<KeySet>)>,
}

impl DiscoveryCache {
    /// One that knows nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// An issuer's metadata.
    pub(crate) async fn metadata(
        &self,
        http: &dyn HttpClient,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, DiscoveryError> {
        let known = self.with(|all| all.iter().find(|known| known.is(issuer, now)).map(|known| known.metadata.clone()));
        if let Some(metadata) = known {
            return Ok(metadata);
        }
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = get(http, &address, None, &[]).await.map_err(DiscoveryError::Metadata)?;
        if metadata.issuer != issuer {
            return Err(DiscoveryError::OtherIssuer);
        }
        if !metadata.is_trustworthy() {
            return Err(DiscoveryError::Untrustworthy);
        }
        let metadata = Arc::new(metadata);
        let known = Known { issuer: issuer.to_owned(), since: now, metadata: metadata.clone(), keys: None };
        self.with(|all| {
            all.retain(|other| other.issuer != known.issuer);
            if all.len() >= MAX_ISSUERS {
                all.remove(0);
            }
            all.push(known);
        });
        Ok(metadata)
    }

    /// Keys of an issuer among which is one with this id, unless it has none.
    pub(crate) async fn keys(
        &self,
        http: &dyn HttpClient,
        metadata: &Metadata,
        id: &str,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, DiscoveryError> {
        let known = self.with(|all| all.iter().find(|known| known.is(&metadata.issuer, now))?.keys.clone());
        if let Some((since, keys)) = known {
            // Whoever makes up key ids must not make us ask for each of them.
            if keys.find(id).next().is_some() && now < since.plus(KEEP) || now < since.plus(PAUSE) {
                return Ok(keys);
            }
        }
        let jwks: Jwks = get(http, &metadata.jwks_uri, None, &[]).await.map_err(DiscoveryError::Keys)?;
        let keys = Arc::new(KeySet::of(jwks, &SigningAlgorithm::ALL));
        self.with(|all| {
            if let Some(known) = all.iter_mut().find(|known| known.issuer == metadata.issuer) {
                known.keys = Some((now, keys.clone()));
            }
        });
        Ok(keys)
    }

    fn with<T>(&self, with: impl FnOnce(&mut Vec<Known>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn is(&self, issuer: &str, now: Timestamp) -> bool {
        self.issuer == issuer && now < self.since.plus(KEEP)
    }
}
