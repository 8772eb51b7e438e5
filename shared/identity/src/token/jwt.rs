//! Checking an access token: a JWT as RFC 9068 profiles it, with the precautions of RFC 8725.
//!
//! Ours and those of another issuer come through here alike. What differs is where the keys come from.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use sha2::{Digest as _, Sha256};

use super::algorithm::SigningAlgorithm;

/// The longest `jti` that goes to the audit trail as it is.
const MAX_ID: usize = 64;

/// Why a token is refused. None of these says a word of the token, so all may be logged and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is longer than `oauth.max_token_bytes`.
    #[error("the token is too long")]
    TooLong,
    /// It is neither an API key nor a signed JWT.
    #[error("the token is neither an API key nor a signed JWT")]
    Malformed,
    /// Its type is not one of an access token.
    #[error("the token's type is neither at+jwt nor JWT")]
    Type,
    /// It asks for an extension to be understood (`crit`).
    #[error("the token demands an extension that is not supported")]
    Critical,
    /// It is signed in a way that is not accepted; `none` and HMAC never are.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// It does not say which key it is signed with.
    #[error("the token does not name its key")]
    NoKeyId,
    /// The issuer has no such key.
    #[error("the issuer has no key of the token's key id")]
    UnknownKey,
    /// Its key is for another algorithm.
    #[error("the token's key is for another algorithm than the token says")]
    KeyAlgorithm,
    /// The signature is another one.
    #[error("the token's signature is not valid")]
    Signature,
    /// It is another issuer's.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It says not when it expires.
    #[error("the token does not expire")]
    NoExpiry,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the token is not valid yet")]
    NotYet,
    /// It was issued in the future, or after its end.
    #[error("the token's time of issue makes no sense")]
    IssuedAt,
    /// It names nobody.
    #[error("the token has no subject")]
    NoSubject,
    /// Its subject is bound to no user.
    #[error("the token's subject is not bound to a user here")]
    UnknownSubject,
}

/// What a token must be.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its `iss`, exactly.
    pub issuer: String,
    /// What `aud` must name.
    pub audience: String,
    /// How it may be signed.
    pub algorithms: Vec<SigningAlgorithm>,
    /// How far the issuer's clock may be from ours.
    pub leeway: Duration,
    /// The longest token: bytes.
    pub max_bytes: usize,
}

/// A public key, good for one algorithm.
pub trait TokenKey {
    /// That algorithm.
    fn algorithm(&self) -> SigningAlgorithm;

    /// Whether the signature, in base64url, is this key's for the message.
    fn verifies(&self, message: &[u8], signature: &str) -> bool;
}

/// A token whose parts are apart. Nothing in it is proven.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// The key that it says it is signed with.
    pub key_id: String,
    algorithm: SigningAlgorithm,
    message: &'a str,
    claims: &'a str,
    signature: &'a str,
}

/// What a token proves.
#[derive(Debug, PartialEq)]
pub struct Verified {
    /// `jti:` and the id that its issuer gave it, or `sha256:` and a hash of it.
    pub id: String,
    /// `sub`.
    pub subject: String,
    /// `scope` or `scp`, sorted, each once.
    pub scopes: Vec<String>,
    /// `org`, which our own tokens have: the organisation's id.
    pub organization: Option<String>,
    /// `sid`, which our own tokens have: the session's id.
    pub session: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<OneOrMany>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: Option<String>,
    scope: Option<OneOrMany>,
    scp: Option<OneOrMany>,
    org: Option<String>,
    sid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl<'a> Unverified<'a> {
    /// Takes a token apart, and refuses what no key can make right.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(token: &'a str, rules: &Rules) -> Result<Self, TokenError> {
        if token.len() > rules.max_bytes {
            return Err(TokenError::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = part(header)?;
        let named = header.alg.as_str();
        let algorithm = rules.algorithms.iter().find(|algorithm| algorithm.as_str() == named);
        let algorithm = *algorithm.ok_or(TokenError::Algorithm)?;
        let kind = header.typ.unwrap_or_default().to_ascii_lowercase();
        if !["at+jwt", "application/at+jwt", "jwt"].contains(&kind.as_str()) {
            return Err(TokenError::Type);
        }
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let key_id = header.kid.ok_or(TokenError::NoKeyId)?;
        Ok(Self { key_id, algorithm, message, claims, signature })
    }

    /// Proves it with one of the keys of its id. The key decides on the algorithm, not the token.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify<'k, K: TokenKey + 'k>(
        &self,
        keys: impl IntoIterator<Item = &'k K>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let mut keys = keys.into_iter().peekable();
        keys.peek().ok_or(TokenError::UnknownKey)?;
        let key = keys.find(|key| key.algorithm() == self.algorithm).ok_or(TokenError::KeyAlgorithm)?;
        if !key.verifies(self.message.as_bytes(), self.signature) {
            return Err(TokenError::Signature);
        }
        self.claims(rules, now)
    }

    fn claims(&self, rules: &Rules, now: Timestamp) -> Result<Verified, TokenError> {
        let claims: Claims = part(self.claims)?;
        if claims.iss.as_deref() != Some(rules.issuer.as_str()) {
            return Err(TokenError::Issuer);
        }
        if !claims.aud.iter().flat_map(OneOrMany::as_slice).any(|audience| *audience == rules.audience) {
            return Err(TokenError::Audience);
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
        let now = now.as_millis() as f64 / 1000.0;
        let leeway = rules.leeway.as_secs_f64();
        let expiry = claims.exp.ok_or(TokenError::NoExpiry)?;
        if now >= expiry + leeway {
            return Err(TokenError::Expired);
        }
        if claims.nbf.is_some_and(|from| now + leeway < from) {
            return Err(TokenError::NotYet);
        }
        if claims.iat.is_some_and(|issued| now + leeway < issued || issued > expiry) {
            return Err(TokenError::IssuedAt);
        }
        let subject = claims.sub.filter(|subject| !subject.is_empty()).ok_or(TokenError::NoSubject)?;
        let granted = claims.scope.iter().chain(&claims.scp).flat_map(OneOrMany::as_slice);
        let scopes = granted.flat_map(|text| text.split(' ')).filter(|scope| !scope.is_empty());
        let mut scopes: Vec<_> = scopes.map(str::to_owned).collect();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Verified { id: self.id(claims.jti), subject, scopes, organization: claims.org, session: claims.sid })
    }

    /// What names the token in the audit trail, and can't be used as one.
    fn id(&self, given: Option<String>) -> String {
        let is_short = |id: &String| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        match given.filter(is_short) {
            Some(id) => format!("jti:{id}"),
            None => format!("sha256:{}", hex::encode(Sha256::digest(self.message))),
        }
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)
}
