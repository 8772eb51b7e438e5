//! The code that a user types in: eight consonants, which make no words (RFC 8628, section 6.1), about 34 bits.

use bulkhead_kernel::{Entropy, entropy};
use sha2::{Digest, Sha256};

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;

/// A new one, as it is shown: `BCDF-GHJK`.
pub(super) fn generate(source: &dyn Entropy) -> String {
    let mut code = String::with_capacity(LENGTH + 1);
    while code.len() < LENGTH + 1 {
        let [byte] = entropy::bytes::<1>(source);
        // 240 is the most that divides evenly: others would make some letters likelier.
        if byte < 240 {
            code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
            if code.len() == LENGTH / 2 {
                code.push('-');
            }
        }
    }
    code
}

/// What is stored: SHA-256 (hex) of the letters, however they were typed in. Nothing when it can't be a code.
pub(super) fn hash(typed: &str) -> Option<String> {
    let letters: String = typed.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    let separators = |c: char| c.is_ascii_alphabetic() || c == '-' || c == ' ';
    (letters.len() == LENGTH && typed.chars().all(separators)).then(|| hex::encode(Sha256::digest(letters)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn a_code_is_recognised_however_it_is_typed() {
        let code = generate(&Counting(AtomicU8::new(236)));
        assert_eq!(code, "VWXZ-BCDF", "what would make some letters likelier is left out");
        let stored = hash(&code).expect("a code");
        for typed in ["vwxzbcdf", "VWXZ BCDF", " vwxz-bcdf "] {
            assert_eq!(hash(typed).as_deref(), Some(stored.as_str()), "{typed}");
        }
        for typed in ["", "VWXZ-BCD", "VWXZ-BCDFG", "VWXZ_BCDF", "VWXZ-BCD1"] {
            assert_eq!(hash(typed), None, "{typed}");
        }
    }
}
