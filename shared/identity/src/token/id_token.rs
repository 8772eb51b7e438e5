//! Checking an ID token (OpenID Connect Core 1.0, section 3.1.3.7): what an issuer says of somebody who has just signed in
//! there, to us and in answer to our own request.

use std::time::Duration;

use bulkhead_kernel::{Secret, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::algorithm::SigningAlgorithm;
use super::jwt::TokenError;
use super::signed::{OneOrMany, Signed, TokenKey, Validity};

/// What an ID token must be.
#[derive(Clone, Debug)]
pub struct IdTokenRules<'a> {
    /// Its `iss`, exactly.
    pub issuer: &'a str,
    /// The client to which it is issued: ours.
    pub client_id: &'a str,
    /// What was sent along with the request that it answers.
    pub nonce: &'a Secret,
    /// How far the issuer's clock may be from ours.
    pub leeway: Duration,
    /// The longest token: bytes.
    pub max_bytes: usize,
}

/// An ID token whose parts are apart. Nothing in it is proven.
#[derive(Debug)]
pub struct UnverifiedIdToken<'a> {
    /// The key that it says it is signed with.
    pub key_id: String,
    signed: Signed<'a>,
}

/// What a token, or the issuer's userinfo endpoint, says of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct StandardClaims {
    /// Who it is, for ever, at this issuer.
    #[serde(default)]
    pub sub: String,
    /// An address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the issuer has seen that it is theirs. Some say it as a text.
    #[serde(default)]
    email_verified: Value,
    /// The whole name.
    #[serde(default)]
    pub name: Option<String>,
    /// What they call themselves there.
    #[serde(default)]
    pub preferred_username: Option<String>,
}

impl StandardClaims {
    /// The address, if the issuer has seen that it is theirs.
    #[must_use]
    pub fn verified_email(&self) -> Option<&str> {
        let verified = self.email_verified == Value::Bool(true) || self.email_verified == "true";
        self.email.as_deref().filter(|_| verified)
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<OneOrMany>,
    azp: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    nonce: Option<String>,
    #[serde(flatten)]
    person: StandardClaims,
}

impl<'a> UnverifiedIdToken<'a> {
    /// Takes a token apart, and refuses what no key can make right.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(token: &'a str, rules: &IdTokenRules<'_>) -> Result<Self, TokenError> {
        let signed = Signed::parse(token, &SigningAlgorithm::ALL, rules.max_bytes)?;
        // Many name no type. An access token is none, though the same keys sign it.
        if !["", "jwt"].contains(&signed.kind.as_str()) {
            return Err(TokenError::Type);
        }
        Ok(Self { key_id: signed.key_id.clone(), signed })
    }

    /// Proves it with one of the keys of its id.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify<'k, K: TokenKey + 'k>(
        &self,
        keys: impl IntoIterator<Item = &'k K>,
        rules: &IdTokenRules<'_>,
        now: Timestamp,
    ) -> Result<StandardClaims, TokenError> {
        let claims: Claims = self.signed.proven(keys)?;
        if claims.iss.as_deref() != Some(rules.issuer) {
            return Err(TokenError::Issuer);
        }
        let audiences = claims.aud.as_ref().map(OneOrMany::as_slice).unwrap_or_default();
        if !audiences.iter().any(|audience| audience == rules.client_id) {
            return Err(TokenError::Audience);
        }
        // Whoever is one of several audiences must be the one that it was issued to.
        let party = claims.azp.as_deref();
        if party.is_some_and(|party| party != rules.client_id) || (audiences.len() > 1 && party.is_none()) {
            return Err(TokenError::AuthorizedParty);
        }
        if claims.iat.is_none() {
            return Err(TokenError::IssuedAt);
        }
        Validity { expiry: claims.exp, not_before: claims.nbf, issued: claims.iat }.check(now, rules.leeway)?;
        let nonce = claims.nonce.unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(rules.nonce.expose().as_bytes())) {
            return Err(TokenError::Nonce);
        }
        if claims.person.sub.is_empty() {
            return Err(TokenError::NoSubject);
        }
        Ok(claims.person)
    }
}
