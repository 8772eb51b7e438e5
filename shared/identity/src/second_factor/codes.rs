//! Codes: of an authenticator, and for recovery.

use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Entropy, Secret, Timestamp, entropy};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};

use crate::sealing::{IdentityKey, Unreadable};

/// As RFC 4226 recommends: 160 bits.
const SECRET_BYTES: usize = 20;
/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
/// The bytes of one: 80 bits need no slow hash, and can be typed.
const RECOVERY_BYTES: usize = 10;

/// An authenticator's secret.
pub(super) struct TotpSecret(zeroize::Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    pub(super) fn generate(source: &dyn Entropy) -> Self {
        Self(zeroize::Zeroizing::new(entropy::bytes(source)))
    }

    /// For its user's row alone.
    pub(super) fn seal(&self, key: &IdentityKey, user: UserId, source: &dyn Entropy) -> Vec<u8> {
        key.seal(&["totp", &user.to_string()], self.0.as_slice(), source)
    }

    pub(super) fn open(key: &IdentityKey, user: UserId, sealed: &[u8]) -> Result<Self, Unreadable> {
        let plain = key.open(&["totp", &user.to_string()], sealed)?;
        let bytes = plain.as_slice().try_into().map_err(|_| Unreadable)?;
        Ok(Self(zeroize::Zeroizing::new(bytes)))
    }

    fn totp(&self) -> Totp {
        // SHA-1, six digits, 30 seconds, one step of skew: what every authenticator knows.
        Builder::new().with_secret(totp_rs::Secret::new_stack(*self.0)).build_noncompliant()
    }

    /// The time step of a code, if it is one of now.
    pub(super) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let seconds = u64::try_from(now.as_millis() / 1000).ok()?;
        i64::try_from(self.totp().check(code, seconds)?).ok()
    }

    /// The secret in base 32, as it is typed into an authenticator.
    pub(super) fn base32(&self) -> Secret {
        Secret::new(self.totp().secret().to_base32())
    }
}

/// Ten new recovery codes, such as `0123456789-abcdef0123`.
pub(super) fn recovery_codes(source: &dyn Entropy) -> Vec<Secret> {
    let code = || {
        let digits = hex::encode(entropy::bytes::<RECOVERY_BYTES>(source));
        Secret::new(format!("{}-{}", &digits[..RECOVERY_BYTES], &digits[RECOVERY_BYTES..]))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// What is stored of a recovery code; nothing when it is none. How it is typed does not matter.
pub(super) fn recovery_hash(code: &str) -> Option<String> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let digits = digits.to_lowercase();
    let sane = digits.len() == 2 * RECOVERY_BYTES && digits.bytes().all(|b| b.is_ascii_hexdigit());
    sane.then(|| hex::encode(Sha256::digest(format!("recovery {digits}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, with six digits of eight.
        let secret = TotpSecret(zeroize::Zeroizing::new(*b"12345678901234567890"));
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
            assert_eq!(secret.step_of(code, at(seconds)), Some(seconds / 30), "{code}");
            assert_eq!(secret.step_of(code, at(seconds + 30)), Some(seconds / 30));
            assert_eq!(secret.step_of(code, at(seconds + 90)), None);
            assert_eq!(secret.step_of("", at(seconds)), None);
        }
        assert_eq!(secret.base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let hash = recovery_hash("0123456789-abcdef0123").expect("a code");
        for text in ["0123456789abcdef0123", " 0123456789-ABCDEF0123 ", "01234 56789 abcde f0123"] {
            assert_eq!(recovery_hash(text).as_ref(), Some(&hash), "{text}");
        }
        for text in ["", "287082", "0123456789-abcdef012", "0123456789-abcdef012g"] {
            assert_eq!(recovery_hash(text), None, "{text}");
        }
    }
}
