//! Our own keys for access tokens.
//!
//! A key's text is `bhtk_<id>_<64 hexadecimal digits>`, an Ed25519 private key; its public half is `bhtv_<id>_<64 digits>`.
//! The id is the beginning of the SHA-256 of the public half, so that a mistyped key is noticed. Several are separated by
//! white space: the first signs, all verify. To rotate, put a new key first, and take the old one away when the last token
//! that it signed has expired.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::{Entropy, Secret, entropy};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::algorithm::SigningAlgorithm;
use super::signed::TokenKey;

const SIGNING_TAG: &str = "bhtk_";
const PUBLIC_TAG: &str = "bhtv_";
const ID_BYTES: usize = 8;

/// A text is not a list of keys. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "these are not keys for access tokens, or a digit is wrong; one is {SIGNING_TAG}<16 hexadecimal digits>_<64 hexadecimal \
     digits>, its public half the same with {PUBLIC_TAG}; several are separated by spaces"
)]
pub struct InvalidSigningKey;

/// Keys that sign; the first one does.
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// One new key.
    #[must_use]
    pub fn generate(source: &dyn Entropy) -> Self {
        Self(vec![SigningKey::from_bytes(&entropy::bytes::<32>(source))])
    }

    /// Recognises keys.
    ///
    /// # Errors
    /// [`InvalidSigningKey`], also when there is none.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        let parse = |text| {
            let (id, bytes) = read(text, SIGNING_TAG)?;
            let key = SigningKey::from_bytes(&bytes);
            if id_of(&key.verifying_key()) == id { Ok(key) } else { Err(InvalidSigningKey) }
        };
        let keys: Vec<_> = text.split_whitespace().map(parse).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(InvalidSigningKey) } else { Ok(Self(keys)) }
    }

    /// A new key before these. Of these only the one that signed until now, when the tokens of the others are all dead.
    #[must_use]
    pub fn rotated(self, source: &dyn Entropy, others_are_dead: bool) -> Self {
        let kept = if others_are_dead { 1 } else { self.0.len() };
        let mut keys = Self::generate(source);
        keys.0.extend(self.0.into_iter().take(kept));
        keys
    }

    /// The keys as text, one a line.
    #[must_use]
    pub fn expose(&self) -> Secret {
        let line = |key: &SigningKey| {
            format!("{SIGNING_TAG}{}_{}\n", id_of(&key.verifying_key()), hex::encode(key.as_bytes()))
        };
        Secret::new(self.0.iter().map(line).collect())
    }

    /// The halves that verify.
    #[must_use]
    pub fn public(&self) -> TokenKeys {
        TokenKeys(self.0.iter().map(|key| PublicKey::new(key.verifying_key())).collect())
    }

    /// The id of the key that signs.
    pub(super) fn current_id(&self) -> Option<String> {
        self.0.first().map(|key| id_of(&key.verifying_key()))
    }

    /// The current key's signature, in base64url.
    pub(super) fn sign(&self, message: &[u8]) -> Option<String> {
        self.0.first().map(|key| URL_SAFE_NO_PAD.encode(key.sign(message).to_bytes()))
    }
}

/// Keys that verify.
#[derive(Clone, Debug, Default)]
pub struct TokenKeys(Vec<PublicKey>);

/// One of them.
#[derive(Clone, Debug)]
pub struct PublicKey {
    id: String,
    key: VerifyingKey,
}

impl TokenKeys {
    /// Recognises keys. None are no keys: then no token of ours is accepted.
    ///
    /// # Errors
    /// [`InvalidSigningKey`].
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        let parse = |text| {
            let (id, bytes) = read(text, PUBLIC_TAG)?;
            let key = PublicKey::new(VerifyingKey::from_bytes(&bytes).map_err(|_| InvalidSigningKey)?);
            if key.id == id { Ok(key) } else { Err(InvalidSigningKey) }
        };
        text.split_whitespace().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// The keys as text, separated by spaces. Not secret.
    #[must_use]
    pub fn as_text(&self) -> String {
        let text = |key: &PublicKey| format!("{PUBLIC_TAG}{}_{}", key.id, hex::encode(key.key.as_bytes()));
        self.0.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    /// The keys with this id.
    pub fn find<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a PublicKey> {
        self.0.iter().filter(move |key| key.id == id)
    }

    /// The keys as a JSON Web Key Set (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> Value {
        let jwk = |key: &PublicKey| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id,
                "x": URL_SAFE_NO_PAD.encode(key.key.as_bytes()),
            })
        };
        json!({ "keys": self.0.iter().map(jwk).collect::<Vec<_>>() })
    }
}

impl PublicKey {
    fn new(key: VerifyingKey) -> Self {
        Self { id: id_of(&key), key }
    }
}

impl TokenKey for PublicKey {
    fn algorithm(&self) -> SigningAlgorithm {
        SigningAlgorithm::EdDsa
    }

    fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(signature).ok();
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        // Strict: no second spelling of a signature, no key of small order.
        signature.is_some_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

fn id_of(key: &VerifyingKey) -> String {
    hex::encode(&Sha256::digest(key.as_bytes())[..ID_BYTES])
}

fn read(text: &str, tag: &str) -> Result<(String, [u8; 32]), InvalidSigningKey> {
    let (id, digits) = text.strip_prefix(tag).and_then(|rest| rest.split_once('_')).ok_or(InvalidSigningKey)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| InvalidSigningKey)?;
    Ok((id.to_owned(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(u8);
    impl Entropy for Bytes {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn keys_come_back_from_their_text_and_a_wrong_digit_is_noticed() {
        let keys = SigningKeys::generate(&Bytes(7));
        let text = keys.expose();
        let both = format!("{} {}", SigningKeys::generate(&Bytes(8)).expose().expose(), text.expose());
        let parsed = SigningKeys::parse(&both).expect("two keys");
        assert_ne!(parsed.current_id(), keys.current_id());
        let public = TokenKeys::parse(&parsed.public().as_text()).expect("two keys");
        assert_eq!(public.find(&keys.current_id().expect("an id")).count(), 1);
        assert_eq!(public.jwks()["keys"].as_array().map(Vec::len), Some(2));
        for wrong in [text.expose().replacen("0707", "0708", 1), String::new(), "bhtk_".to_owned(), public.as_text()] {
            assert!(SigningKeys::parse(&wrong).is_err(), "{wrong}");
        }
        assert!(TokenKeys::parse(&public.as_text().replacen('_', "", 1)).is_err());
        assert!(TokenKeys::parse("").is_ok_and(|keys| keys.find("").next().is_none()));
    }

    #[test]
    fn a_signature_is_good_for_its_message_alone() {
        let keys = SigningKeys::generate(&Bytes(7));
        let signature = keys.sign(b"message").expect("a key");
        let public = keys.public();
        let key = public.0.first().expect("a key");
        assert!(key.verifies(b"message", &signature));
        assert!(!key.verifies(b"massage", &signature));
        assert!(!key.verifies(b"message", ""));
        assert!(!key.verifies(b"message", &format!("{signature}=")));
    }
}
