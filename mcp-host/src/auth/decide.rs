//! Credential → caller, for the MCP endpoint.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bulkhead_audit::{AuditEvent, Target};
use bulkhead_http_api::{Audience, Kind, Peer, Problem, bearer};
use bulkhead_identity::{
    ActAsError, AuthenticateError, Rules, TokenError, TokenKeys, TokenTerms, Unverified, is_api_key,
};
use bulkhead_kernel::{AccessToken, Caller, CorrelationId, Ports, Scope};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use http::request::Parts;
use url::form_urlencoded;

use super::fetch::Fetcher;
use super::issuer::{Issuer, Terms};
use super::resource::Resource;
use crate::config::OauthConfig;
use crate::sandbox::{TlsSetupError, tls_connector};

/// Lets callers in, with an API key, an access token of ours, or one of another issuer that is configured.
pub(crate) struct Gate {
    resource: Resource,
    own: TokenTerms,
    external: Option<External>,
}

/// Another issuer.
struct External {
    rules: Rules,
    issuer: Issuer,
    subjects: BTreeMap<String, String>,
}

/// Why access tokens can't be checked.
#[derive(Debug, thiserror::Error)]
#[error("TLS to the issuer can't be set up: {0}")]
pub(crate) struct AuthError(#[from] TlsSetupError);

impl External {
    fn new(config: &OauthConfig, audience: &str, ca_file: Option<&Path>) -> Result<Self, AuthError> {
        let rules = Rules {
            issuer: config.issuer.as_str().to_owned(),
            audience: audience.to_owned(),
            algorithms: config.algorithms.clone(),
            leeway: Duration::from_secs(config.leeway_seconds),
            max_bytes: config.max_token_bytes,
        };
        let terms = Terms {
            algorithms: config.algorithms.clone(),
            keep: Duration::from_secs(config.jwks_cache_seconds),
            pause: Duration::from_secs(config.jwks_refresh_seconds),
            patience: Duration::from_millis(config.fetch_ms),
        };
        let fetcher = Fetcher::new(tls_connector(ca_file)?, config.max_document_bytes);
        let issuer = Issuer::new(config.issuer.clone(), terms, fetcher);
        Ok(Self { rules, issuer, subjects: config.subjects.clone() })
    }
}

impl Gate {
    /// A gate for the endpoint below this public URL. The issuer is asked when the first token comes, so that it need not
    /// run for this host to start.
    pub(crate) fn new(
        config: Option<&OauthConfig>,
        public_url: &str,
        keys: TokenKeys,
        ca_file: Option<&Path>,
    ) -> Result<Self, AuthError> {
        let issuer = public_url.trim_end_matches('/');
        let own = TokenTerms::new(keys, issuer, Audience::Mcp.of(issuer));
        let resource = Resource::new(config, public_url);
        let external = config.map(|config| External::new(config, &resource.audience, ca_file)).transpose()?;
        Ok(Self { resource, own, external })
    }

    /// What is behind it.
    pub(crate) fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Finds out who makes this request, and whether they may make any.
    pub(crate) async fn caller(&self, ports: &Ports, parts: &Parts) -> Result<Caller, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token") {
            return Err(self.resource.token_in_query());
        }
        let credential = bearer(&parts.headers).map_err(|reason| self.resource.no_credential(reason))?;
        let own = if is_api_key(credential) {
            let Peer(peer) = Peer::of(&parts.extensions);
            bulkhead_identity::authenticate_key(ports, credential, peer).await
        } else {
            bulkhead_identity::authenticate_token(ports, &self.own, credential).await
        };
        let refused = match (own, &self.external) {
            (Ok(caller), _) if caller.scopes.contain(Scope::Tools) => return Ok(caller),
            (Ok(caller), _) => {
                let refusal = self.resource.lacks(Scope::Tools.as_str());
                return Err(self.too_little(ports, parts, &caller, refusal).await);
            }
            (Err(AuthenticateError::Sql(error)), _) => return Err(error.into()),
            // It may be the other issuer's.
            (Err(AuthenticateError::Token(_)), Some(external)) => {
                return self.external_caller(external, ports, parts, credential).await;
            }
            (Err(error), _) => error,
        };
        Err(match refused {
            AuthenticateError::Invalid(reason) if is_api_key(credential) => self.resource.invalid_key(reason),
            AuthenticateError::Invalid(reason) => self.resource.ended_token(reason),
            AuthenticateError::Token(reason) => self.resource.invalid_token(reason),
            AuthenticateError::Sql(error) => error.into(),
        })
    }

    /// Who presents a token of the other issuer.
    async fn external_caller(
        &self,
        external: &External,
        ports: &Ports,
        parts: &Parts,
        credential: &str,
    ) -> Result<Caller, Problem> {
        let (email, token) = self.verified(external, ports, credential).await?;
        let missing = self.resource.scopes.iter().any(|scope| !token.scopes.contains(scope));
        let caller = bulkhead_identity::act_as(ports, email, token).await.map_err(|error| match error {
            ActAsError::Sql(error) => error.into(),
            error => self.resource.invalid_token(TokenError::UnknownSubject).caused_by(error),
        })?;
        let refusal = self.resource.insufficient_scope(None);
        if missing { Err(self.too_little(ports, parts, &caller, refusal).await) } else { Ok(caller) }
    }

    /// Whom a token's subject is bound to, and what it may do.
    async fn verified<'a>(
        &self,
        external: &'a External,
        ports: &Ports,
        credential: &str,
    ) -> Result<(&'a str, AccessToken), Problem> {
        let refused = |error| self.resource.invalid_token(error);
        let token = Unverified::parse(credential, &external.rules).map_err(refused)?;
        let keys = external.issuer.keys(&token.key_id).await.map_err(|error| {
            let detail =
                "the authorization server's keys can't be had, so no token can be checked; try again in a moment";
            Problem::new(Kind::Unavailable, detail)
                .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
                .caused_by(error)
        })?;
        let found = keys.find(&token.key_id);
        let verified = token.verify(found, &external.rules, ports.now()).map_err(refused)?;
        let email = external.subjects.get(&verified.subject).ok_or_else(|| refused(TokenError::UnknownSubject))?;
        let write_scope = self.resource.write_scope.clone();
        Ok((email, AccessToken { id: verified.id, scopes: verified.scopes, write_scope }))
    }

    /// Somebody who is known may not use the endpoint: that is for the audit trail.
    async fn too_little(&self, ports: &Ports, parts: &Parts, caller: &Caller, refusal: Problem) -> Problem {
        let correlation = parts.extensions.get::<CorrelationId>().cloned();
        let correlation = correlation.unwrap_or_else(|| CorrelationId::accept(None, ports.entropy.as_ref()));
        let target = Target { kind: "endpoint".to_owned(), id: "/mcp".to_owned() };
        let event = AuditEvent::pending(ports, caller, "mcp.request", target, &correlation);
        match bulkhead_audit::record_refusal(ports, &event.refused("the token lacks a scope")).await {
            Ok(()) => refusal,
            Err(error) => error.into(),
        }
    }
}
