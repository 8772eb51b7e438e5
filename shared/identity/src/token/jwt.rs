//! Checking an access token: a JWT as RFC 9068 profiles it, with the precautions of RFC 8725.
//!
//! Ours and those of another issuer come through here alike. What differs is where the keys come from.

use std::time::Duration;

use bulkhead_kernel::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::algorithm::SigningAlgorithm;
use super::signed::{OneOrMany, Signed, TokenKey, Validity};

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
    /// It answers another request.
    #[error("the token's nonce is not the one that was sent along")]
    Nonce,
    /// It came along with another access token.
    #[error("the token's at_hash is not that of the access token")]
    AccessTokenHash,
    /// It was issued to another client.
    #[error("the token's authorized party is another client")]
    AuthorizedParty,
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

/// A token whose parts are apart. Nothing in it is proven.
#[derive(Debug)]
pub struct Unverified<'a> {
    /// The key that it says it is signed with.
    pub key_id: String,
    signed: Signed<'a>,
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

impl<'a> Unverified<'a> {
    /// Takes a token apart, and refuses what no key can make right.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(token: &'a str, rules: &Rules) -> Result<Self, TokenError> {
        let signed = Signed::parse(token, &rules.algorithms, rules.max_bytes)?;
        if !["at+jwt", "application/at+jwt", "jwt"].contains(&signed.kind.as_str()) {
            return Err(TokenError::Type);
        }
        Ok(Self { key_id: signed.key_id.clone(), signed })
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
        let claims: Claims = self.signed.proven(keys)?;
        if claims.iss.as_deref() != Some(rules.issuer.as_str()) {
            return Err(TokenError::Issuer);
        }
        if !claims.aud.iter().flat_map(OneOrMany::as_slice).any(|audience| *audience == rules.audience) {
            return Err(TokenError::Audience);
        }
        Validity { expiry: claims.exp, not_before: claims.nbf, issued: claims.iat }.check(now, rules.leeway)?;
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
            None => format!("sha256:{}", hex::encode(Sha256::digest(self.signed.message))),
        }
    }
}
