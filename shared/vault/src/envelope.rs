//! Sealing and opening: a data key for each secret, and HPKE around the data key.

use std::convert::Infallible;
use std::fmt;

use bulkhead_kernel::{Entropy, Secret};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, PskBundle, Serializable};
use zeroize::Zeroizing;

use crate::binding::{Binding, encode};
use crate::key::{InvalidKey, KeyEncryptionKey, KeyId, SealingKey};
use crate::ring::KeyRing;

/// What all of this is called in the database, and in what ciphertexts are bound to. Another way of sealing is another
/// number.
pub(crate) const FORMAT: i64 = 1;

const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// An X25519 public key, the data key, a tag.
const WRAPPED_BYTES: usize = 32 + KEY_BYTES + TAG_BYTES;

type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;
type DataKey = Zeroizing<[u8; KEY_BYTES]>;

/// A sealed secret, as the database keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key that wraps the data key.
    pub key: KeyId,
    /// The data key: HPKE's encapsulated key, then its ciphertext.
    pub wrapped_key: Vec<u8>,
    /// The secret's nonce.
    pub nonce: Vec<u8>,
    /// The secret, then its tag.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.key, self.ciphertext.len())
    }
}

/// Why a sealed secret can't be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The ring has no key of this name.
    #[error("the vault key {0} is not there")]
    UnknownKey(KeyId),
    /// Something about it was changed, or it was sealed for another place. Which of these is nobody's business.
    #[error("it was changed, or belongs elsewhere")]
    Unreadable,
}

impl SealingKey {
    /// Seals a secret for one place.
    ///
    /// # Errors
    /// [`InvalidKey`] when this key's public half is one of the few that nothing can be sealed to.
    pub fn seal(&self, binding: &Binding<'_>, secret: &Secret, entropy: &dyn Entropy) -> Result<Sealed, InvalidKey> {
        let mut data_key = DataKey::default();
        entropy.fill(data_key.as_mut_slice());
        let mut nonce = XNonce::default();
        entropy.fill(&mut nonce);
        let plain = secret.expose().as_bytes();
        // With room for the tag from the start: growing would leave a copy of the secret behind.
        let mut buffer = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_BYTES));
        buffer.extend_from_slice(plain);
        let data = binding.associated_data("value", FORMAT);
        let tag = cipher(&data_key)
            .encrypt_inout_detached(&nonce, &data, buffer.as_mut_slice().into())
            .expect("a secret is shorter than the cipher's 256 GiB");
        buffer.extend_from_slice(&tag);
        Ok(Sealed {
            key: self.id(),
            wrapped_key: self.wrap(binding, &data_key, entropy)?,
            nonce: nonce.to_vec(),
            ciphertext: std::mem::take(&mut *buffer),
        })
    }

    fn wrap(&self, binding: &Binding<'_>, data_key: &DataKey, entropy: &dyn Entropy) -> Result<Vec<u8>, InvalidKey> {
        let id = self.id();
        let preshared = PskBundle::new(self.preshared.as_slice(), id.as_bytes()).expect("neither is empty");
        let (encapped, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Psk(preshared),
            &self.public,
            &info(id),
            data_key.as_slice(),
            &binding.associated_data("key", FORMAT),
            &mut Random(entropy),
        )
        .map_err(|_| InvalidKey)?;
        Ok([encapped.to_bytes().as_slice(), &ciphertext].concat())
    }
}

impl KeyEncryptionKey {
    fn unwrap(&self, binding: &Binding<'_>, wrapped_key: &[u8]) -> Result<DataKey, OpenError> {
        if wrapped_key.len() != WRAPPED_BYTES {
            return Err(OpenError::Unreadable);
        }
        let (encapped, ciphertext) = wrapped_key.split_at(WRAPPED_BYTES - KEY_BYTES - TAG_BYTES);
        let encapped = EncappedKey::from_bytes(encapped).map_err(|_| OpenError::Unreadable)?;
        let id = self.id();
        let preshared =
            PskBundle::new(self.sealing_key().preshared.as_slice(), id.as_bytes()).expect("neither is empty");
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Psk(preshared),
            &self.private,
            &encapped,
            &info(id),
            ciphertext,
            &binding.associated_data("key", FORMAT),
        );
        let opened = opened.map(Zeroizing::new).map_err(|_| OpenError::Unreadable)?;
        let mut data_key = DataKey::default();
        data_key.copy_from_slice(&opened);
        Ok(data_key)
    }
}

impl KeyRing {
    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, binding: &Binding<'_>, sealed: &Sealed) -> Result<Secret, OpenError> {
        let data_key = self.data_key(binding, sealed)?;
        let nonce = XNonce::try_from(sealed.nonce.as_slice()).map_err(|_| OpenError::Unreadable)?;
        let end = sealed.ciphertext.len().checked_sub(TAG_BYTES).ok_or(OpenError::Unreadable)?;
        let (ciphertext, tag) = sealed.ciphertext.split_at(end);
        let tag = Tag::try_from(tag).map_err(|_| OpenError::Unreadable)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        cipher(&data_key)
            .decrypt_inout_detached(
                &nonce,
                &binding.associated_data("value", FORMAT),
                buffer.as_mut_slice().into(),
                &tag,
            )
            .map_err(|_| OpenError::Unreadable)?;
        // The bytes move into the secret; there is no second copy to wipe.
        String::from_utf8(std::mem::take(&mut *buffer)).map(Secret::new).map_err(|_| OpenError::Unreadable)
    }

    /// The same secret with its data key wrapped by the primary key.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn rewrap(&self, binding: &Binding<'_>, sealed: &Sealed, entropy: &dyn Entropy) -> Result<Sealed, OpenError> {
        let data_key = self.data_key(binding, sealed)?;
        let primary = self.sealing_key();
        // A whole key's public half is made from its private one, and no such key is refused.
        let wrapped_key = primary.wrap(binding, &data_key, entropy).map_err(|_| OpenError::Unreadable)?;
        Ok(Sealed { key: primary.id(), wrapped_key, ..sealed.clone() })
    }

    fn data_key(&self, binding: &Binding<'_>, sealed: &Sealed) -> Result<DataKey, OpenError> {
        let key = self.find(sealed.key).ok_or(OpenError::UnknownKey(sealed.key))?;
        key.unwrap(binding, &sealed.wrapped_key)
    }
}

/// It wipes its copy of the key when it is dropped.
fn cipher(data_key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(data_key.as_slice()).expect("a data key has the cipher's length")
}

fn info(id: KeyId) -> Vec<u8> {
    encode(&[b"bulkhead vault", id.as_bytes()])
}

/// The kernel's randomness for HPKE.
struct Random<'a>(&'a dyn Entropy);

impl TryRng for Random<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(bulkhead_kernel::entropy::bytes(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(bulkhead_kernel::entropy::bytes(self.0)))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Random<'_> {}

#[cfg(test)]
mod tests {
    use bulkhead_testkit::SeededEntropy;
    use zeroize::ZeroizeOnDrop;

    use super::*;
    use crate::model::{FieldName, Scope};

    struct Place {
        organization: &'static str,
        scope: &'static str,
        field: &'static str,
    }

    const HERE: Place =
        Place { organization: "0192d3a4-7b1c-7f00-8000-000000000000", scope: "connector:github", field: "token" };

    impl Place {
        fn with<T>(&self, act: impl FnOnce(&Binding<'_>) -> T) -> T {
            let scope: Scope = self.scope.parse().expect("a scope");
            let field: FieldName = self.field.parse().expect("a name");
            let organization = self.organization.parse().expect("an id");
            act(&Binding { organization, scope: &scope, field: &field })
        }
    }

    fn ring() -> KeyRing {
        KeyRing::new(KeyEncryptionKey::generate(&SeededEntropy::new(1)))
    }

    fn seal(secret: &str) -> Sealed {
        let (secret, entropy) = (Secret::new(secret.to_owned()), SeededEntropy::new(2));
        HERE.with(|here| ring().sealing_key().seal(here, &secret, &entropy)).expect("seals")
    }

    fn open(ring: &KeyRing, place: &Place, sealed: &Sealed) -> Result<String, OpenError> {
        place.with(|place| ring.open(place, sealed)).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_secret_comes_back_whatever_is_in_it() {
        for secret in ["t", "ghp_0123456789", "-----BEGIN\nEND-----\n", "schlüssel\0", &"x".repeat(100_000)] {
            let sealed = seal(secret);
            assert_eq!(open(&ring(), &HERE, &sealed).as_deref(), Ok(secret));
            assert_eq!((sealed.nonce.len(), sealed.wrapped_key.len()), (24, WRAPPED_BYTES));
            assert_eq!(sealed.ciphertext.len(), secret.len() + TAG_BYTES);
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_alike() {
        let entropy = SeededEntropy::new(3);
        let secret = Secret::new("s".to_owned());
        let seal = || HERE.with(|here| ring().sealing_key().seal(here, &secret, &entropy)).expect("seals");
        let (one, other) = (seal(), seal());
        assert_ne!(one.ciphertext, other.ciphertext);
        assert_ne!(one.nonce, other.nonce);
        assert_ne!(one.wrapped_key[..32], other.wrapped_key[..32]);
        assert_ne!(one.wrapped_key[32..], other.wrapped_key[32..]);
    }

    #[test]
    fn every_changed_bit_is_refused() {
        let sealed = seal("token");
        let parts: [fn(&mut Sealed) -> &mut Vec<u8>; 3] =
            [|sealed| &mut sealed.nonce, |sealed| &mut sealed.ciphertext, |sealed| &mut sealed.wrapped_key];
        for part in parts {
            for bit in 0..part(&mut sealed.clone()).len() * 8 {
                let mut changed = sealed.clone();
                part(&mut changed)[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(open(&ring(), &HERE, &changed), Err(OpenError::Unreadable), "bit {bit}");
            }
            for length in 0..part(&mut sealed.clone()).len() {
                let mut shorter = sealed.clone();
                part(&mut shorter).truncate(length);
                assert_eq!(open(&ring(), &HERE, &shorter), Err(OpenError::Unreadable), "{length} bytes");
            }
            let mut longer = sealed.clone();
            part(&mut longer).push(0);
            assert_eq!(open(&ring(), &HERE, &longer), Err(OpenError::Unreadable));
        }
    }

    #[test]
    fn it_opens_at_no_other_place() {
        let sealed = seal("token");
        let elsewhere = [
            Place { organization: "0192d3a4-7b1c-7f00-8000-000000000001", ..HERE },
            Place { scope: "connector:gitlab", ..HERE },
            Place { field: "key", ..HERE },
        ];
        for place in elsewhere {
            assert_eq!(open(&ring(), &place, &sealed), Err(OpenError::Unreadable));
        }
        assert_eq!(open(&ring(), &HERE, &sealed).as_deref(), Ok("token"));
    }

    #[test]
    fn parts_of_two_secrets_do_not_go_together() {
        let entropy = SeededEntropy::new(4);
        let seal = |text: &str| {
            let secret = Secret::new(text.to_owned());
            HERE.with(|here| ring().sealing_key().seal(here, &secret, &entropy)).expect("seals")
        };
        let (one, other) = (seal("one"), seal("two"));
        let mixed = Sealed { wrapped_key: other.wrapped_key.clone(), ..one.clone() };
        assert_eq!(open(&ring(), &HERE, &mixed), Err(OpenError::Unreadable));
        let mixed = Sealed { nonce: other.nonce, ..one };
        assert_eq!(open(&ring(), &HERE, &mixed), Err(OpenError::Unreadable));
    }

    #[test]
    fn another_key_does_not_open_it_under_its_own_name_or_this_one() {
        let sealed = seal("token");
        let other = KeyRing::new(KeyEncryptionKey::generate(&SeededEntropy::new(9)));
        assert_eq!(open(&other, &HERE, &sealed), Err(OpenError::UnknownKey(ring().primary())));
        let renamed = Sealed { key: other.primary(), ..sealed.clone() };
        assert_eq!(open(&ring(), &HERE, &renamed), Err(OpenError::UnknownKey(other.primary())));
        // Both keys are there, and the row names the wrong one.
        let both = ring().with_new_primary(&SeededEntropy::new(10));
        let renamed = Sealed { key: both.primary(), ..sealed.clone() };
        assert_eq!(open(&both, &HERE, &renamed), Err(OpenError::Unreadable));
        assert_eq!(open(&both, &HERE, &sealed).as_deref(), Ok("token"));
    }

    #[test]
    fn who_knows_the_public_key_but_not_the_preshared_secret_can_make_no_row() {
        let ring = ring();
        let mut forged = ring.sealing_key().clone();
        forged.preshared = Zeroizing::new([7; 32]);
        let secret = Secret::new("attacker's".to_owned());
        let sealed = HERE.with(|here| forged.seal(here, &secret, &SeededEntropy::new(5))).expect("seals");
        assert_eq!(sealed.key, ring.primary());
        assert_eq!(open(&ring, &HERE, &sealed), Err(OpenError::Unreadable));
    }

    #[test]
    fn a_parsed_sealing_key_seals_for_the_whole_one() {
        let text = ring().sealing_key().expose();
        let sealing = SealingKey::parse(text.expose()).expect("a key");
        let secret = Secret::new("token".to_owned());
        let sealed = HERE.with(|here| sealing.seal(here, &secret, &SeededEntropy::new(6))).expect("seals");
        assert_eq!(open(&ring(), &HERE, &sealed).as_deref(), Ok("token"));
    }

    #[test]
    fn a_public_key_that_nothing_can_be_sealed_to_is_refused() {
        let mut sealing = ring().sealing_key().clone();
        sealing.public = Deserializable::from_bytes(&[0; 32]).expect("32 bytes");
        let secret = Secret::new("token".to_owned());
        let sealed = HERE.with(|here| sealing.seal(here, &secret, &SeededEntropy::new(6)));
        assert_eq!(sealed, Err(InvalidKey));
    }

    #[test]
    fn rewrapping_changes_the_wrapped_key_alone() {
        let sealed = seal("token");
        let entropy = SeededEntropy::new(11);
        let rotated = ring().with_new_primary(&entropy);
        let rewrapped = HERE.with(|here| rotated.rewrap(here, &sealed, &entropy)).expect("rewraps");
        assert_eq!(rewrapped.key, rotated.primary());
        assert_ne!(rewrapped.wrapped_key, sealed.wrapped_key);
        assert_eq!((&rewrapped.nonce, &rewrapped.ciphertext), (&sealed.nonce, &sealed.ciphertext));
        let alone = rotated.without(&rotated.older());
        assert_eq!(open(&alone, &HERE, &rewrapped).as_deref(), Ok("token"));
        assert_eq!(open(&alone, &HERE, &sealed), Err(OpenError::UnknownKey(ring().primary())));
        let moved = Place { field: "key", ..HERE };
        let refused = moved.with(|there| rotated.rewrap(there, &sealed, &entropy));
        assert_eq!(refused, Err(OpenError::Unreadable));
    }

    #[test]
    fn what_holds_keys_is_wiped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<XChaCha20Poly1305>();
        wiped::<DataKey>();
        wiped::<Zeroizing<Vec<u8>>>();
    }

    #[test]
    fn debug_shows_only_the_keys_id_and_a_length() {
        let sealed = seal("token");
        assert_eq!(format!("{sealed:?}"), format!("Sealed({}, 21 bytes)", sealed.key));
    }
}
