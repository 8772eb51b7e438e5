//! The keys that a process opens secrets with.

use std::fmt;

use bulkhead_kernel::{Entropy, Secret};

use crate::key::{KeyEncryptionKey, KeyId, SealingKey};

/// A primary key, which seals, and the older ones, which still open.
#[derive(Clone)]
pub struct KeyRing {
    primary: KeyEncryptionKey,
    older: Vec<KeyEncryptionKey>,
}

/// A text holds no keys, or something else besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyRing {
    /// There is none in it.
    #[error("there is no key in it; make one with `bulkhead secrets generate-key`")]
    Empty,
    /// A line is something else.
    #[error("line {line} is not a vault key, or a digit of it is wrong")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// A key is there twice.
    #[error("line {line} repeats a key")]
    Repeated {
        /// Counted from 1.
        line: usize,
    },
}

const HEADER: &str = "# The keys of Bulkhead's vault. Whoever has one can open every secret in the database that it wraps; without\n\
                      # them nobody can. Keep a copy in a safe place, apart from the database's. The first key is the primary.\n";

impl KeyRing {
    /// A ring of one key.
    #[must_use]
    pub fn new(primary: KeyEncryptionKey) -> Self {
        Self { primary, older: Vec::new() }
    }

    /// Reads keys, the primary first, with blanks or line ends between them. A line that starts with `#` is passed over.
    ///
    /// # Errors
    /// [`InvalidKeyRing`] names the line.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyRing> {
        let mut keys: Vec<KeyEncryptionKey> = Vec::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            for word in text.split_whitespace().filter(|_| !text.starts_with('#')) {
                let key = KeyEncryptionKey::parse(word).map_err(|_| InvalidKeyRing::Line { line })?;
                if keys.iter().any(|other| other.id() == key.id()) {
                    return Err(InvalidKeyRing::Repeated { line });
                }
                keys.push(key);
            }
        }
        let mut keys = keys.into_iter();
        let primary = keys.next().ok_or(InvalidKeyRing::Empty)?;
        Ok(Self { primary, older: keys.collect() })
    }

    /// The keys as [`parse`](Self::parse) reads them, under a comment that says what they are.
    #[must_use]
    pub fn expose(&self) -> Secret {
        let keys: Vec<Secret> = self.keys().map(KeyEncryptionKey::expose).collect();
        // With room for all from the start: growing would leave copies behind.
        let mut text =
            String::with_capacity(HEADER.len() + keys.iter().map(|key| key.expose().len() + 1).sum::<usize>());
        text.push_str(HEADER);
        for key in &keys {
            text.push_str(key.expose());
            text.push('\n');
        }
        Secret::new(text)
    }

    /// The same with a new primary key; the one before stays.
    #[must_use]
    pub fn with_new_primary(&self, entropy: &dyn Entropy) -> Self {
        Self { primary: KeyEncryptionKey::generate(entropy), older: self.keys().cloned().collect() }
    }

    /// The same without these older keys. The primary stays, whatever is said.
    #[must_use]
    pub fn without(&self, keys: &[KeyId]) -> Self {
        let older = self.older.iter().filter(|key| !keys.contains(&key.id())).cloned().collect();
        Self { primary: self.primary.clone(), older }
    }

    /// What new secrets are sealed with.
    #[must_use]
    pub fn sealing_key(&self) -> &SealingKey {
        self.primary.sealing_key()
    }

    /// The primary key's name.
    #[must_use]
    pub fn primary(&self) -> KeyId {
        self.primary.id()
    }

    /// The older keys' names.
    #[must_use]
    pub fn older(&self) -> Vec<KeyId> {
        self.older.iter().map(KeyEncryptionKey::id).collect()
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&KeyEncryptionKey> {
        self.keys().find(|key| key.id() == id)
    }

    fn keys(&self) -> impl Iterator<Item = &KeyEncryptionKey> {
        std::iter::once(&self.primary).chain(&self.older)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({}, then {} older)", self.primary(), self.older.len())
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_ring_comes_back_from_its_text_with_its_primary_first() {
        let entropy = SeededEntropy::default();
        let first = KeyRing::new(KeyEncryptionKey::generate(&entropy));
        let ring = first.with_new_primary(&entropy);
        assert_eq!(ring.older(), [first.primary()]);
        let parsed = KeyRing::parse(ring.expose().expose()).expect("a ring");
        assert_eq!((parsed.primary(), parsed.older()), (ring.primary(), ring.older()));
        assert!(parsed.find(first.primary()).is_some());

        let without = parsed.without(&[first.primary(), ring.primary()]);
        assert_eq!((without.primary(), without.older()), (ring.primary(), Vec::new()));
        assert!(without.find(first.primary()).is_none());
    }

    #[test]
    fn what_is_not_a_ring_is_refused_with_its_line() {
        let key = KeyEncryptionKey::generate(&SeededEntropy::default()).expose();
        let key = key.expose();
        let parse = |text: String| KeyRing::parse(&text).map(|ring| ring.primary());
        assert!(parse(format!("\n# a comment\n  {key}  \r\n\n")).is_ok());
        let other = KeyEncryptionKey::generate(&SeededEntropy::new(2)).expose();
        assert!(parse(format!("{key} {}", other.expose())).is_ok());
        assert_eq!(parse("# nothing\n\n".to_owned()), Err(InvalidKeyRing::Empty));
        assert_eq!(parse(format!("{key}\nhunter2")), Err(InvalidKeyRing::Line { line: 2 }));
        assert_eq!(parse(format!("{key}\n\n{key}")), Err(InvalidKeyRing::Repeated { line: 3 }));
        assert!(!InvalidKeyRing::Line { line: 2 }.to_string().contains("hunter2"));
    }

    #[test]
    fn debug_shows_only_the_primarys_id() {
        let ring = KeyRing::new(KeyEncryptionKey::generate(&SeededEntropy::default()));
        assert_eq!(format!("{ring:?}"), format!("KeyRing({}, then 0 older)", ring.primary()));
    }
}
