//! Credential → caller, for the MCP endpoint.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bulkhead_audit::{AuditEvent, Target};
use bulkhead_http_api::{Kind, Peer, Problem, bearer};
use bulkhead_identity::{ActAsError, AuthenticateError, Rules, TokenError, Unverified, is_api_key};
use bulkhead_kernel::{AccessToken, Caller, CorrelationId, Ports};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use http::request::Parts;
use url::form_urlencoded;

use super::fetch::Fetcher;
use super::issuer::{Issuer, Terms};
use super::resource::Resource;
use crate::config::OauthConfig;
use crate::sandbox::{TlsSetupError, tls_connector};

/// Lets callers in, with an API key or an access token.
pub(crate) struct Gate {
    resource: Resource,
    rules: Rules,
    issuer: Issuer,
    subjects: BTreeMap<String, String>,
}

/// Why access tokens can't be checked.
#[derive(Debug, thiserror::Error)]
#[error("TLS to the issuer can't be set up: {0}")]
pub(crate) struct AuthError(#[from] TlsSetupError);

impl Gate {
    /// A gate for the endpoint below this public URL. The issuer is asked when the first token comes, so that it need not
    /// run for this host to start.
    pub(crate) fn new(config: &OauthConfig, public_url: &str, ca_file: Option<&Path>) -> Result<Self, AuthError> {
        let resource = Resource::new(config, public_url);
        let rules = Rules {
            issuer: config.issuer.as_str().to_owned(),
            audience: resource.audience.clone(),
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
        Ok(Self { resource, rules, issuer, subjects: config.subjects.clone() })
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
        if is_api_key(credential) {
            let Peer(peer) = Peer::of(&parts.extensions);
            return bulkhead_identity::authenticate_key(ports, credential, peer).await.map_err(|error| match error {
                AuthenticateError::Invalid(reason) => self.resource.invalid_key(reason),
                AuthenticateError::Token(reason) => self.resource.invalid_token(reason),
                AuthenticateError::Sql(error) => error.into(),
            });
        }
        let (email, token) = self.verified(ports, credential).await?;
        let missing = self.resource.scopes.iter().any(|scope| !token.scopes.contains(scope));
        let caller = bulkhead_identity::act_as(ports, email, token).await.map_err(|error| match error {
            ActAsError::Sql(error) => error.into(),
            error => self.resource.invalid_token(TokenError::UnknownSubject).caused_by(error),
        })?;
        if missing { Err(self.too_little(ports, parts, &caller).await) } else { Ok(caller) }
    }

    /// Whom a token's subject is bound to, and what it may do.
    async fn verified(&self, ports: &Ports, credential: &str) -> Result<(&str, AccessToken), Problem> {
        let refused = |error| self.resource.invalid_token(error);
        let token = Unverified::parse(credential, &self.rules).map_err(refused)?;
        let keys = self.issuer.keys(&token.key_id).await.map_err(|error| {
            let detail =
                "the authorization server's keys can't be had, so no token can be checked; try again in a moment";
            Problem::new(Kind::Unavailable, detail)
                .with_header(RETRY_AFTER, HeaderValue::from_static("5"))
                .caused_by(error)
        })?;
        let found = keys.find(&token.key_id);
        let verified = token.verify(found, &self.rules, ports.now()).map_err(refused)?;
        let email = self.subjects.get(&verified.subject).ok_or_else(|| refused(TokenError::UnknownSubject))?;
        let write_scope = self.resource.write_scope.clone();
        Ok((email, AccessToken { id: verified.id, scopes: verified.scopes, write_scope }))
    }

    /// Somebody who is known may not use the endpoint: that is for the audit trail.
    async fn too_little(&self, ports: &Ports, parts: &Parts, caller: &Caller) -> Problem {
        let correlation = parts.extensions.get::<CorrelationId>().cloned();
        let correlation = correlation.unwrap_or_else(|| CorrelationId::accept(None, ports.entropy.as_ref()));
        let target = Target { kind: "endpoint".to_owned(), id: "/mcp".to_owned() };
        let event = AuditEvent::pending(ports, caller, "mcp.request", target, &correlation);
        match bulkhead_audit::record_refusal(ports, &event.refused("the token lacks a scope")).await {
            Ok(()) => self.resource.insufficient_scope(None),
            Err(error) => error.into(),
        }
    }
}
