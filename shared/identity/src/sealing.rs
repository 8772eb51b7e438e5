//! What identity has to read back, such as mail that waits: encrypted under a key that is not in the database.

use bulkhead_kernel::{Entropy, Secret, entropy};
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// The key.
#[derive(Clone)]
pub struct IdentityKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

/// A text is not a key. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity_key is not a key: 64 hexadecimal digits, such as `openssl rand -hex 32` prints")]
pub struct InvalidIdentityKey;

/// What was sealed can't be read: another key, another place, or it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed with another identity_key, or changed")]
pub struct Unreadable;

impl IdentityKey {
    /// A new one.
    #[must_use]
    pub fn generate(source: &dyn Entropy) -> Self {
        Self(Zeroizing::new(entropy::bytes(source)))
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`InvalidIdentityKey`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidIdentityKey> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| InvalidIdentityKey)?;
        Ok(Self(key))
    }

    /// The key as text, for where it is kept.
    #[must_use]
    pub fn expose(&self) -> Secret {
        Secret::new(hex::encode(self.0.as_slice()))
    }

    /// Seals something for one place, such as `mail` and the mail's id: it can't be read in another.
    #[must_use]
    pub fn seal(&self, place: &[&str; 2], plain: &[u8], source: &dyn Entropy) -> Vec<u8> {
        let nonce = XNonce::from(entropy::bytes::<NONCE_BYTES>(source));
        let mut buffer = Zeroizing::new(plain.to_vec());
        let tag = self
            .cipher()
            .encrypt_inout_detached(&nonce, &associated(place), buffer.as_mut_slice().into())
            .expect("what is sealed is shorter than the cipher's 256 GiB");
        [nonce.as_slice(), &buffer, &tag].concat()
    }

    /// Reads it back.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn open(&self, place: &[&str; 2], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES).ok_or(Unreadable)?;
        let (text, tag) = rest.split_at_checked(rest.len().saturating_sub(TAG_BYTES)).ok_or(Unreadable)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| Unreadable)?;
        let tag = Tag::try_from(tag).map_err(|_| Unreadable)?;
        let mut buffer = Zeroizing::new(text.to_vec());
        self.cipher()
            .decrypt_inout_detached(&nonce, &associated(place), buffer.as_mut_slice().into(), &tag)
            .map_err(|_| Unreadable)?;
        Ok(buffer)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

/// The place, without another that reads the same.
fn associated(place: &[&str; 2]) -> Vec<u8> {
    format!("bulkhead identity v1\0{}\0{}", place[0], place[1]).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0x77);
        }
    }

    #[test]
    fn it_is_read_back_in_its_place_with_its_key_alone() {
        let key = IdentityKey::generate(&Sevens);
        let sealed = key.seal(&["mail", "1"], b"a link", &Sevens);
        assert_eq!(key.open(&["mail", "1"], &sealed).expect("opens").as_slice(), b"a link");
        assert!(!sealed.windows(6).any(|part| part == b"a link"));
        for place in [["mail", "2"], ["totp", "1"], ["mail", ""]] {
            assert_eq!(key.open(&place, &sealed).err(), Some(Unreadable));
        }
        for n in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[n] ^= 1;
            assert_eq!(key.open(&["mail", "1"], &changed).err(), Some(Unreadable));
            assert_eq!(key.open(&["mail", "1"], &sealed[..n]).err(), Some(Unreadable));
        }
        let other = IdentityKey::parse(&"0a".repeat(32)).expect("a key");
        assert_eq!(other.open(&["mail", "1"], &sealed).err(), Some(Unreadable));
    }

    #[test]
    fn a_key_comes_back_from_its_text_and_is_shown_nowhere_else() {
        let key = IdentityKey::generate(&Sevens);
        assert_eq!(IdentityKey::parse(key.expose().expose()).expect("a key").0, key.0);
        assert!(!format!("{key:?}").contains("77"));
        for text in ["", "77", &"7".repeat(63), &"g".repeat(64), &"7".repeat(66)] {
            assert_eq!(IdentityKey::parse(text).err(), Some(InvalidIdentityKey));
        }
    }
}
