//! Access tokens of an OAuth 2.1 authorization server, beside API keys.

use std::collections::BTreeMap;
use std::fmt;

use bulkhead_identity::SigningAlgorithm;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Whose access tokens the MCP endpoint accepts, and for what. Without it there are API keys alone.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OauthConfig {
    /// The authorization server, exactly as its metadata and its tokens name it.
    pub issuer: IssuerUrl,
    /// What `aud` of a token must name; the MCP endpoint's public URL when absent.
    #[serde(default)]
    pub audience: Option<String>,
    /// Scopes that every request to the MCP endpoint needs.
    #[serde(default = "defaults::scopes")]
    pub scopes: Vec<String>,
    /// The scope that calling a tool needs that may change something; none when absent.
    #[serde(default)]
    pub write_scope: Option<String>,
    /// How tokens may be signed.
    #[serde(default = "defaults::algorithms")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// How far the issuer's clock may be from ours: seconds.
    #[serde(default = "defaults::leeway_seconds")]
    pub leeway_seconds: u64,
    /// The longest token: bytes.
    #[serde(default = "defaults::max_token_bytes")]
    pub max_token_bytes: usize,
    /// How long the issuer's keys are kept: seconds.
    #[serde(default = "defaults::jwks_cache_seconds")]
    pub jwks_cache_seconds: u64,
    /// How long to wait until the issuer is asked again, for a key that is unknown or after a failure: seconds.
    #[serde(default = "defaults::jwks_refresh_seconds")]
    pub jwks_refresh_seconds: u64,
    /// Time for asking the issuer for its metadata and its keys: milliseconds.
    #[serde(default = "defaults::fetch_ms")]
    pub fetch_ms: u64,
    /// The largest metadata or key set: bytes.
    #[serde(default = "defaults::max_document_bytes")]
    pub max_document_bytes: usize,
    /// The e-mail address of the user that a token's `sub` acts as. Any other subject is refused.
    #[serde(default)]
    pub subjects: BTreeMap<String, String>,
}

mod defaults {
    use super::SigningAlgorithm;

    pub(super) fn scopes() -> Vec<String> {
        vec!["mcp".to_owned()]
    }
    pub(super) fn algorithms() -> Vec<SigningAlgorithm> {
        vec![SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256, SigningAlgorithm::Es256]
    }
    pub(super) fn leeway_seconds() -> u64 {
        30
    }
    pub(super) fn max_token_bytes() -> usize {
        8 << 10
    }
    pub(super) fn jwks_cache_seconds() -> u64 {
        300
    }
    pub(super) fn jwks_refresh_seconds() -> u64 {
        5
    }
    pub(super) fn fetch_ms() -> u64 {
        5_000
    }
    pub(super) fn max_document_bytes() -> usize {
        256 << 10
    }
}

/// A setting of `[oauth]` with which no token could be checked as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OauthSettingError {
    /// No scope is required: any token of the issuer for this audience would do.
    #[error("oauth.scopes must name at least one scope")]
    NoScope,
    /// It is no scope.
    #[error("oauth: {0:?} is not a scope; one has visible ASCII characters without quotes and backslashes (RFC 6749)")]
    Scope(String),
    /// No signature would be accepted.
    #[error("oauth.algorithms must name at least one algorithm")]
    NoAlgorithm,
    /// It is no URL.
    #[error("oauth.audience {0:?} is not an absolute URL without a fragment (RFC 8707)")]
    Audience(String),
}

impl OauthConfig {
    /// The limits with which nothing would work if they were zero.
    pub(super) fn limits(&self) -> [(&'static str, u64); 5] {
        [
            ("oauth.max_token_bytes", self.max_token_bytes as u64),
            ("oauth.jwks_cache_seconds", self.jwks_cache_seconds),
            ("oauth.jwks_refresh_seconds", self.jwks_refresh_seconds),
            ("oauth.fetch_ms", self.fetch_ms),
            ("oauth.max_document_bytes", self.max_document_bytes as u64),
        ]
    }

    /// Finds what the types alone do not.
    pub(super) fn check(&self) -> Result<(), OauthSettingError> {
        if self.scopes.is_empty() {
            return Err(OauthSettingError::NoScope);
        }
        if self.algorithms.is_empty() {
            return Err(OauthSettingError::NoAlgorithm);
        }
        if let Some(scope) = self.scopes.iter().chain(&self.write_scope).find(|scope| !is_scope(scope)) {
            return Err(OauthSettingError::Scope(scope.clone()));
        }
        match &self.audience {
            Some(audience) if Url::parse(audience).map_or(true, |url| url.fragment().is_some()) => {
                Err(OauthSettingError::Audience(audience.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// `scope-token` of RFC 6749, section 3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// An issuer's identifier (RFC 8414, section 2): an https URL without query and fragment; http on this machine alone.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerUrl {
    /// As it was written: issuers are compared letter by letter.
    text: String,
    url: Url,
}

/// A text is no issuer's identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an issuer: it must be an https URL (http on a loopback address alone) without user, query and fragment"
)]
pub struct InvalidIssuer(String);

impl IssuerUrl {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// As a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// Whether what is asked for at this URL can't be changed on the way: by https, or because it stays on this machine.
pub(crate) fn is_trustworthy(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let names_nobody = url.username().is_empty() && url.password().is_none();
    names_nobody && (url.scheme() == "https" && url.has_host() || url.scheme() == "http" && is_loopback)
}

impl TryFrom<String> for IssuerUrl {
    type Error = InvalidIssuer;
    fn try_from(text: String) -> Result<Self, InvalidIssuer> {
        match Url::parse(&text) {
            Ok(url) if is_trustworthy(&url) && url.query().is_none() && url.fragment().is_none() => {
                Ok(Self { text, url })
            }
            _ => Err(InvalidIssuer(text)),
        }
    }
}

impl From<IssuerUrl> for String {
    fn from(issuer: IssuerUrl) -> Self {
        issuer.text
    }
}

impl fmt::Debug for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<OauthConfig, String> {
        let config: OauthConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map(|()| config).map_err(|error| error.to_string())
    }

    #[test]
    fn an_issuer_is_reached_by_https_or_on_this_machine() {
        for issuer in [
            "https://id.example.com",
            "https://id.example.com/a/",
            "http://127.0.0.1:1",
            "http://[::1]:1/x",
            "http://localhost",
        ] {
            let config = parse(&format!("issuer = {issuer:?}")).expect("an issuer");
            assert_eq!(config.issuer.as_str(), issuer);
        }
        for issuer in [
            "",
            "id.example.com",
            "http://id.example.com",
            "http://10.0.0.1",
            "https://u:p@id.example.com",
            "https://id.example.com/?a",
            "https://id.example.com/#a",
            "file:///etc",
            "http://localhost.example.com",
        ] {
            let error = parse(&format!("issuer = {issuer:?}")).expect_err(issuer);
            assert!(error.contains("is not an issuer"), "{error}");
        }
    }

    #[test]
    fn algorithms_that_prove_nothing_can_not_be_allowed() {
        for name in ["none", "HS256", "HS384", "HS512", "rs256"] {
            let error = parse(&format!("issuer = \"https://x\"\nalgorithms = [{name:?}]")).expect_err(name);
            assert!(error.contains("unknown variant"), "{error}");
        }
        let all: Vec<_> = SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        let config = parse(&format!("issuer = \"https://x\"\nalgorithms = {all:?}")).expect("algorithms");
        assert_eq!(config.algorithms, SigningAlgorithm::ALL);
    }

    #[test]
    fn what_would_let_every_token_in_or_none_is_refused() {
        for (setting, word) in [
            ("scopes = []", "oauth.scopes"),
            ("scopes = [\"a b\"]", "is not a scope"),
            ("scopes = [\"a\\\"\"]", "is not a scope"),
            ("write_scope = \"\"", "is not a scope"),
            ("algorithms = []", "oauth.algorithms"),
            ("audience = \"bulkhead\"", "oauth.audience"),
            ("audience = \"https://x/#a\"", "oauth.audience"),
        ] {
            let error = parse(&format!("issuer = \"https://x\"\n{setting}")).expect_err(setting);
            assert!(error.contains(word), "{error}");
        }
        assert!(parse("issuer = \"https://x\"\naudience = \"https://h/mcp\"\nwrite_scope = \"mcp:write\"").is_ok());
    }
}
