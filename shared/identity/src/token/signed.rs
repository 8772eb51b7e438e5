//! A signed JWT (RFC 7519), of whatever kind, with the precautions of RFC 8725: the key decides on the algorithm, and nothing
//! in it is looked at before its signature is proven but what finds the key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::algorithm::SigningAlgorithm;
use super::jwt::TokenError;

/// A public key, good for one algorithm.
pub trait TokenKey {
    /// That algorithm.
    fn algorithm(&self) -> SigningAlgorithm;

    /// Whether the signature, in base64url, is this key's for the message.
    fn verifies(&self, message: &[u8], signature: &str) -> bool;
}

/// A token whose parts are apart. Nothing in it is proven.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    /// The key that it says it is signed with.
    pub(super) key_id: String,
    /// Its type, in lower case; empty when it has none.
    pub(super) kind: String,
    /// What is signed.
    pub(super) message: &'a str,
    /// What it says it is signed by; once proven, it is.
    pub(super) algorithm: SigningAlgorithm,
    claims: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Signed<'a> {
    /// Takes a token apart, and refuses what no key can make right.
    pub(super) fn parse(token: &'a str, accepted: &[SigningAlgorithm], max_bytes: usize) -> Result<Self, TokenError> {
        if token.len() > max_bytes {
            return Err(TokenError::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = part(header)?;
        let named = header.alg.as_str();
        let algorithm = accepted.iter().find(|algorithm| algorithm.as_str() == named);
        let algorithm = *algorithm.ok_or(TokenError::Algorithm)?;
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let key_id = header.kid.ok_or(TokenError::NoKeyId)?;
        let kind = header.typ.unwrap_or_default().to_ascii_lowercase();
        Ok(Self { key_id, kind, message, algorithm, claims, signature })
    }

    /// Its claims, proven with one of the keys of its id. The key decides on the algorithm, not the token.
    pub(super) fn proven<'k, T: DeserializeOwned, K: TokenKey + 'k>(
        &self,
        keys: impl IntoIterator<Item = &'k K>,
    ) -> Result<T, TokenError> {
        let mut keys = keys.into_iter().peekable();
        keys.peek().ok_or(TokenError::UnknownKey)?;
        let key = keys.find(|key| key.algorithm() == self.algorithm).ok_or(TokenError::KeyAlgorithm)?;
        if !key.verifies(self.message.as_bytes(), self.signature) {
            return Err(TokenError::Signature);
        }
        part(self.claims)
    }
}

/// When a token is good: `exp`, `nbf` and `iat`, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    pub(super) expiry: Option<f64>,
    pub(super) not_before: Option<f64>,
    pub(super) issued: Option<f64>,
}

impl Validity {
    /// Whether that is now, give or take `leeway`.
    pub(super) fn check(&self, now: Timestamp, leeway: Duration) -> Result<(), TokenError> {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
        let now = now.as_millis() as f64 / 1000.0;
        let leeway = leeway.as_secs_f64();
        let expiry = self.expiry.ok_or(TokenError::NoExpiry)?;
        if now >= expiry + leeway {
            return Err(TokenError::Expired);
        }
        if self.not_before.is_some_and(|from| now + leeway < from) {
            return Err(TokenError::NotYet);
        }
        if self.issued.is_some_and(|issued| now + leeway < issued || issued > expiry) {
            return Err(TokenError::IssuedAt);
        }
        Ok(())
    }
}

/// A claim that is a text or a list of texts, such as `aud`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}
