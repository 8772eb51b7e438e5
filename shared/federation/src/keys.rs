//! A key set of an issuer (RFC 7517). A key that can't be used is left out: the set is made for others, too.

use bulkhead_identity::{SigningAlgorithm, TokenKey};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// RSA keys with fewer bits are too weak (RFC 7518, section 3.3).
const MIN_RSA_BITS: usize = 2048;

/// The issuer's keys that a token may be signed with.
#[derive(Clone, Default)]
pub struct KeySet(Vec<VerifyingKey>);

/// A public key, and the one algorithm that it is good for.
#[derive(Clone)]
pub struct VerifyingKey {
    /// Its id.
    pub id: String,
    /// The algorithm.
    pub algorithm: SigningAlgorithm,
    key: DecodingKey,
}

/// A key set as it is sent.
#[derive(Clone, Debug, Deserialize)]
pub struct Jwks {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

impl KeySet {
    /// The keys that may be used with these algorithms.
    #[must_use]
    pub fn of(jwks: Jwks, allowed: &[SigningAlgorithm]) -> Self {
        let usable = |value| VerifyingKey::of(serde_json::from_value(value).ok()?);
        Self(jwks.keys.into_iter().filter_map(usable).filter(|key| allowed.contains(&key.algorithm)).collect())
    }

    /// The keys with this id: one, unless an issuer names keys for several algorithms alike.
    pub fn find<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a VerifyingKey> {
        self.0.iter().filter(move |key| key.id == id)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl VerifyingKey {
    fn of(jwk: Jwk) -> Option<Self> {
        let for_signatures = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        let verifies = jwk.key_ops.iter().flatten().any(|operation| operation == "verify") || jwk.key_ops.is_none();
        if !for_signatures || !verifies {
            return None;
        }
        let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (SigningAlgorithm::EdDsa, DecodingKey::from_ed_components(&jwk.x)),
            ("EC", Some("P-256")) => (SigningAlgorithm::Es256, DecodingKey::from_ec_components(&jwk.x, &jwk.y)),
            ("EC", Some("P-384")) => (SigningAlgorithm::Es384, DecodingKey::from_ec_components(&jwk.x, &jwk.y)),
            ("RSA", None) => (rsa(jwk.alg.as_deref())?, DecodingKey::from_rsa_components(&jwk.n, &jwk.e)),
            // Symmetric keys above all: what verifies with one could also sign.
            _ => return None,
        };
        let key = key.ok().filter(is_strong)?;
        // A key that names another algorithm than its type's is not understood, so it is not used. "Ed25519" is what RFC
        // 9864 calls EdDSA with such a key.
        let named = jwk.alg.as_deref().unwrap_or(algorithm.as_str());
        let fits = named == algorithm.as_str() || (algorithm == SigningAlgorithm::EdDsa && named == "Ed25519");
        fits.then_some(Self { id: jwk.kid, algorithm, key })
    }
}

impl TokenKey for VerifyingKey {
    fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    fn verifies(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.key, algorithm(self.algorithm)).unwrap_or(false)
    }
}

/// The algorithm of an RSA key, which its type leaves open; RS256 when it does not say.
fn rsa(named: Option<&str>) -> Option<SigningAlgorithm> {
    use SigningAlgorithm as A;
    let all = [A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512];
    let named = named.unwrap_or(A::Rs256.as_str());
    all.into_iter().find(|algorithm| algorithm.as_str() == named)
}

fn is_strong(key: &DecodingKey) -> bool {
    match key.kind() {
        jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, .. } => {
            let leading = n.iter().take_while(|byte| **byte == 0).count();
            let significant = &n[leading..];
            let unused = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
            significant.len() * 8 - unused >= MIN_RSA_BITS
        }
        jsonwebtoken::DecodingKeyKind::SecretOrDer(_) => true,
    }
}

fn algorithm(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::Es384 => Algorithm::ES384,
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Rs384 => Algorithm::RS384,
        SigningAlgorithm::Rs512 => Algorithm::RS512,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Ps384 => Algorithm::PS384,
        SigningAlgorithm::Ps512 => Algorithm::PS512,
    }
}
