//! Key-encryption keys.
//!
//! A key's text is `bhvk_<id>_<128 hexadecimal digits>`: an X25519 private key and a pre-shared secret, 32 bytes each. The
//! sealing half is `bhvs_<id>_<128 hexadecimal digits>`: the public key and the same secret. The id is the beginning of the
//! SHA-256 of the sealing half, so that a mistyped key is noticed and no two keys share an id. It tells nothing about
//! either: half of what is hashed is random and nowhere else.

use std::fmt;
use std::str::FromStr;

use bulkhead_kernel::sql::{FromValue, Value};
use bulkhead_kernel::{Entropy, Secret};
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, Serializable};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::binding::encode;

pub(crate) type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
pub(crate) type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;

const HALF: usize = 32;
const KEY_TAG: &str = "bhvk_";
const SEALING_TAG: &str = "bhvs_";

/// A key's name. Not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

/// A text is not a key: another length or alphabet, or a wrong digit. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a vault key, or a digit of it is wrong; one is {KEY_TAG}<16 hexadecimal digits>_<128 hexadecimal digits>"
)]
pub struct InvalidKey;

impl KeyId {
    fn of(public: &PublicKey, preshared: &[u8; HALF]) -> Self {
        let hash = Sha256::digest(encode(&[b"bulkhead vault key", &public.to_bytes(), preshared]));
        let mut id = [0; 8];
        id.copy_from_slice(&hash[..8]);
        Self(id)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for KeyId {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let mut id = [0; 8];
        decode(text, &mut id)?;
        Ok(Self(id))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<KeyId> for Value {
    fn from(id: KeyId) -> Self {
        Self::Text(id.to_string())
    }
}

impl FromValue for KeyId {
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value)?.parse().ok()
    }
}

/// The half of a key that seals and opens nothing, not even what it has sealed.
#[derive(Clone)]
pub struct SealingKey {
    id: KeyId,
    pub(crate) public: PublicKey,
    pub(crate) preshared: Zeroizing<[u8; HALF]>,
}

impl SealingKey {
    fn new(public: PublicKey, preshared: Zeroizing<[u8; HALF]>) -> Self {
        Self { id: KeyId::of(&public, &preshared), public, preshared }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Recognises a sealing key.
    ///
    /// # Errors
    /// [`InvalidKey`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let (id, public, preshared) = read(text, SEALING_TAG)?;
        let public = PublicKey::from_bytes(public.as_slice()).map_err(|_| InvalidKey)?;
        Some(Self::new(public, preshared)).filter(|key| key.id == id).ok_or(InvalidKey)
    }

    /// The key as text, for whoever is to seal with it.
    #[must_use]
    pub fn expose(&self) -> Secret {
        write(SEALING_TAG, self.id, &self.public.to_bytes(), self.preshared.as_slice())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// A whole key.
#[derive(Clone)]
pub struct KeyEncryptionKey {
    pub(crate) private: PrivateKey,
    sealing: SealingKey,
}

impl KeyEncryptionKey {
    /// A new key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let (mut private, mut preshared) = (Zeroizing::new([0; HALF]), Zeroizing::new([0; HALF]));
        entropy.fill(private.as_mut_slice());
        entropy.fill(preshared.as_mut_slice());
        let private = PrivateKey::from_bytes(private.as_slice()).expect("any 32 bytes are a private key");
        Self::new(private, preshared)
    }

    fn new(private: PrivateKey, preshared: Zeroizing<[u8; HALF]>) -> Self {
        let sealing = SealingKey::new(X25519HkdfSha256::sk_to_pk(&private), preshared);
        Self { private, sealing }
    }

    /// Recognises a key.
    ///
    /// # Errors
    /// [`InvalidKey`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let (id, written, preshared) = read(text, KEY_TAG)?;
        let private = PrivateKey::from_bytes(written.as_slice()).map_err(|_| InvalidKey)?;
        // X25519 passes over five bits of a private key. A wrong digit there would do no harm, but would not be noticed.
        let mut canonical = Zeroizing::new([0; HALF]);
        private.write_exact(canonical.as_mut_slice());
        if !bool::from(canonical.as_slice().ct_eq(written.as_slice())) {
            return Err(InvalidKey);
        }
        Some(Self::new(private, preshared)).filter(|key| key.id() == id).ok_or(InvalidKey)
    }

    /// The key as text, for the one file that keeps it.
    #[must_use]
    pub fn expose(&self) -> Secret {
        let mut private = Zeroizing::new([0; HALF]);
        self.private.write_exact(private.as_mut_slice());
        write(KEY_TAG, self.id(), private.as_slice(), self.sealing.preshared.as_slice())
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.sealing.id
    }

    /// The half that only seals.
    #[must_use]
    pub fn sealing_key(&self) -> &SealingKey {
        &self.sealing
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({})", self.id())
    }
}

/// A key's id and its two parts.
type Parts = (KeyId, Zeroizing<[u8; HALF]>, Zeroizing<[u8; HALF]>);

fn read(text: &str, tag: &str) -> Result<Parts, InvalidKey> {
    let (id, digits) = text.strip_prefix(tag).and_then(|rest| rest.split_once('_')).ok_or(InvalidKey)?;
    let (first, second) = digits.split_at_checked(2 * HALF).ok_or(InvalidKey)?;
    let (mut one, mut other) = (Zeroizing::new([0; HALF]), Zeroizing::new([0; HALF]));
    decode(first, one.as_mut_slice())?;
    decode(second, other.as_mut_slice())?;
    Ok((id.parse()?, one, other))
}

/// Lower-case digits alone, so that a key has one spelling.
fn decode(digits: &str, bytes: &mut [u8]) -> Result<(), InvalidKey> {
    if digits.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(InvalidKey);
    }
    hex::decode_to_slice(digits, bytes).map_err(|_| InvalidKey)
}

fn write(tag: &str, id: KeyId, first: &[u8], second: &[u8]) -> Secret {
    let mut digits = Zeroizing::new([0; 4 * HALF]);
    let (one, other) = digits.split_at_mut(2 * HALF);
    hex::encode_to_slice(first, one).expect("two digits for each byte");
    hex::encode_to_slice(second, other).expect("two digits for each byte");
    let digits = std::str::from_utf8(digits.as_slice()).expect("digits are text");
    Secret::new(format!("{tag}{id}_{digits}"))
}

#[cfg(test)]
mod tests {
    use bulkhead_testkit::SeededEntropy;

    use super::*;

    fn key() -> KeyEncryptionKey {
        KeyEncryptionKey::generate(&SeededEntropy::new(7))
    }

    #[test]
    fn a_key_comes_back_from_its_text() {
        let text = key().expose();
        let parsed = KeyEncryptionKey::parse(text.expose()).expect("a key");
        assert_eq!((parsed.id(), parsed.expose().expose()), (key().id(), text.expose()));
        let sealing = SealingKey::parse(key().sealing_key().expose().expose()).expect("a sealing key");
        assert_eq!(sealing.id(), key().id());
        assert_ne!(KeyEncryptionKey::generate(&SeededEntropy::new(8)).id(), key().id());
    }

    #[test]
    fn every_wrong_digit_is_noticed() {
        for text in [key().expose(), key().sealing_key().expose()] {
            let text = text.expose();
            for place in 5..text.len() {
                let digit = if text.as_bytes()[place] == b'0' { "1" } else { "0" };
                let mut wrong = text.to_owned();
                wrong.replace_range(place..=place, digit);
                assert!(KeyEncryptionKey::parse(&wrong).is_err() && SealingKey::parse(&wrong).is_err(), "{place}");
            }
            for wrong in
                [&text[1..], &text[..text.len() - 1], &format!("{text}0"), &text.to_uppercase(), "", "bhvk_", "é"]
            {
                assert!(KeyEncryptionKey::parse(wrong).is_err() && SealingKey::parse(wrong).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn the_sealing_half_is_no_key_and_has_nothing_of_the_private_one() {
        let (whole, sealing) = (key().expose(), key().sealing_key().expose());
        assert!(KeyEncryptionKey::parse(sealing.expose()).is_err());
        assert!(SealingKey::parse(whole.expose()).is_err());
        let private = &whole.expose()[22..22 + 64];
        assert!(!sealing.expose().contains(private));
    }

    #[test]
    fn debug_shows_only_the_id() {
        let key = key();
        assert_eq!(format!("{key:?}"), format!("KeyEncryptionKey({})", key.id()));
        assert_eq!(format!("{:?}", key.sealing_key()), format!("SealingKey({})", key.id()));
    }
}
