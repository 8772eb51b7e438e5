//! Tokens and issuers, with keys that are made here.

mod gate;
mod issuer;
mod keys;
mod token;
mod vectors;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_federation::{Jwks, KeySet};
use bulkhead_identity::{Rules, SigningAlgorithm};
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PublicKeyData as _};
use rsa::pkcs1::{EncodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

/// A private key and its public half as issuers publish it.
struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    jwk: Value,
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    fn ed25519(id: &str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "x": b64(pair.der_bytes()) });
        Self { key: EncodingKey::from_ed_der(&pair.serialize_der()), algorithm: Algorithm::EdDSA, jwk }
    }

    fn p256(id: &str) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        // An uncompressed point: 4, x, y.
        let (x, y) = pair.der_bytes()[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": id, "alg": "ES256", "x": b64(x), "y": b64(y) });
        Self { key: EncodingKey::from_ec_der(&pair.serialize_der()), algorithm: Algorithm::ES256, jwk }
    }

    fn rsa(id: &str) -> Self {
        let key = &*RSA;
        let jwk =
            json!({ "kty": "RSA", "kid": id, "n": b64(&key.n().to_bytes_be()), "e": b64(&key.e().to_bytes_be()) });
        let der = key.to_pkcs1_der().expect("a key can be encoded");
        Self { key: EncodingKey::from_rsa_der(der.as_bytes()), algorithm: Algorithm::RS256, jwk }
    }

    /// A token with this header and these claims, signed by this key whatever the header says.
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).expect("signs");
        format!("{message}.{signature}")
    }

    /// A token as the issuer makes it, with these claims.
    fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    fn header(&self) -> Value {
        json!({ "alg": format!("{:?}", self.algorithm), "typ": "at+jwt", "kid": self.jwk["kid"] })
    }
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(header.to_string().as_bytes()), b64(claims.to_string().as_bytes()))
}

/// Made once: it takes a moment.
static RSA: LazyLock<rsa::RsaPrivateKey> =
    LazyLock::new(|| rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key"));

/// What somebody who knows the public key alone could sign with, in every form in which it is written down.
fn public_rsa_forms() -> Vec<Vec<u8>> {
    let public = RSA.to_public_key();
    let der = public.to_pkcs1_der().expect("a key can be encoded").as_bytes().to_vec();
    let pem = public.to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).expect("a key can be encoded").into_bytes();
    vec![der, pem, public.n().to_bytes_be(), b64(&public.n().to_bytes_be()).into_bytes()]
}

fn set(keys: &[Value]) -> KeySet {
    set_for(keys, &SigningAlgorithm::ALL)
}

fn set_for(keys: &[Value], allowed: &[SigningAlgorithm]) -> KeySet {
    let jwks: Jwks = serde_json::from_value(json!({ "keys": keys })).expect("a key set");
    KeySet::of(jwks, allowed)
}

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://bulkhead.example.com/mcp";
/// The time in all these tests: seconds since 1970.
const NOW: i64 = 1_800_000_000;

fn rules() -> Rules {
    Rules {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: vec![SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256, SigningAlgorithm::Es256],
        leeway: Duration::from_secs(30),
        max_bytes: 4096,
    }
}

/// Claims of a token that is good, but for these.
fn claims(others: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": NOW + 600, "iat": NOW, "nbf": NOW,
        "jti": "t-1", "scope": "mcp mcp:write",
    });
    for (name, value) in others.as_object().into_iter().flatten() {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}
