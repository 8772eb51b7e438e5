//! API keys: `bhk_` + 8 hexadecimal digits that find the row + 40 that prove it + 8 of CRC-32 over what precedes.
//!
//! The checksum lets a scanner recognise a leaked key, and lets us refuse a mistyped one, without a database. 160
//! random bits need no slow hash: SHA-256 of the whole key is what is stored.

use bulkhead_kernel::{Entropy, Secret, entropy};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const TAG: &str = "bhk_";
const PREFIX_DIGITS: usize = 8;
const SECRET_DIGITS: usize = 40;
const CHECKSUM_DIGITS: usize = 8;
const LENGTH: usize = TAG.len() + PREFIX_DIGITS + SECRET_DIGITS + CHECKSUM_DIGITS;

/// A whole API key, as its owner holds it.
#[derive(Clone, Debug)]
pub struct ApiKeyToken(Secret);

/// A text is not an API key: another length, other characters, or the checksum does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a Bulkhead API key; one starts with bhk_ and has 60 characters")]
pub struct InvalidApiKey;

impl ApiKeyToken {
    /// A new key.
    #[must_use]
    pub fn generate(source: &dyn Entropy) -> Self {
        let random = entropy::bytes::<{ (PREFIX_DIGITS + SECRET_DIGITS) / 2 }>(source);
        let body = format!("{TAG}{}", hex::encode(random));
        let checksum = crc32fast::hash(body.as_bytes());
        Self(Secret::new(format!("{body}{checksum:08x}")))
    }

    /// Recognises a key.
    ///
    /// # Errors
    /// [`InvalidApiKey`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        let digits = text.strip_prefix(TAG).ok_or(InvalidApiKey)?;
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if text.len() != LENGTH || !hexadecimal {
            return Err(InvalidApiKey);
        }
        let (body, checksum) = text.split_at(LENGTH - CHECKSUM_DIGITS);
        if format!("{:08x}", crc32fast::hash(body.as_bytes())) != checksum {
            return Err(InvalidApiKey);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// The part that finds the key's row. Not secret.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0.expose()[..TAG.len() + PREFIX_DIGITS]
    }

    /// What is stored: SHA-256 in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.expose()))
    }

    /// Whether a stored hash is this key's, in constant time.
    #[must_use]
    pub fn matches(&self, stored_hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(stored_hash.as_bytes()).into()
    }

    /// The key itself, to be shown to its owner once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
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
    fn a_key_is_recognised_and_proves_itself() {
        let key = ApiKeyToken::generate(&Sevens);
        assert_eq!(key.expose().len(), LENGTH);
        let parsed = ApiKeyToken::parse(key.expose()).expect("a key");
        assert_eq!(parsed.prefix(), "bhk_77777777");
        assert!(parsed.matches(&key.hash()));
        assert!(!parsed.matches(&"0".repeat(64)));
        assert!(!parsed.matches(""));
    }

    #[test]
    fn one_wrong_digit_is_noticed() {
        let key = ApiKeyToken::generate(&Sevens).expose().replacen('7', "8", 1);
        assert_eq!(ApiKeyToken::parse(&key).err(), Some(InvalidApiKey));
        for text in ["", "bhk_", "Bearer", &"é".repeat(30), &format!("bhk_{}", "G".repeat(56))] {
            assert!(ApiKeyToken::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert!(!format!("{:?}", ApiKeyToken::generate(&Sevens)).contains("7777"));
    }
}
