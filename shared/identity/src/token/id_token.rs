//! Checking an ID token (OpenID Connect Core 1.0, section 3.1.3.7): what an issuer says of somebody who has just signed in
//! there, to us and in answer to our own request.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::{Secret, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
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
    /// The access token that came along with it.
    pub access_token: &'a Secret,
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
    at_hash: Option<String>,
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
        // Section 3.1.3.8: it need not be there.
        let other_token = |hash: &String| *hash != token_hash(self.signed.algorithm, rules.access_token.expose());
        if claims.at_hash.as_ref().is_some_and(other_token) {
            return Err(TokenError::AccessTokenHash);
        }
        if claims.person.sub.is_empty() {
            return Err(TokenError::NoSubject);
        }
        Ok(claims.person)
    }
}

/// The left half of a token's hash, in base64url (section 3.1.3.6), by the hash of the algorithm that signs.
fn token_hash(algorithm: SigningAlgorithm, token: &str) -> String {
    use SigningAlgorithm as A;
    let hash = match algorithm {
        A::Es256 | A::Rs256 | A::Ps256 => Sha256::digest(token).to_vec(),
        A::Es384 | A::Rs384 | A::Ps384 => Sha384::digest(token).to_vec(),
        // RFC 8032, section 5.1: Ed25519 hashes by SHA-512.
        A::EdDsa | A::Rs512 | A::Ps512 => Sha512::digest(token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tokens_hash_is_the_one_of_the_standard() {
        // Appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Ps256, SigningAlgorithm::Es256] {
            assert_eq!(token_hash(algorithm, token), "77QmUPtjPfzWtF2AnpK9RQ");
        }
        assert_eq!(token_hash(SigningAlgorithm::Es384, token).len(), 32);
        assert_eq!(token_hash(SigningAlgorithm::EdDsa, token).len(), 43);
    }
}
