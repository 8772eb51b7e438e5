//! Proof key for code exchange (RFC 7636), by SHA-256 alone: `plain` proves nothing to whoever sees the request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The one method.
pub(crate) const METHOD: &str = "S256";

/// Whether a text can be a challenge: base64url of a SHA-256.
pub(crate) fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|digest| digest.len() == 32)
}

/// Whether a verifier is the challenge's. One that RFC 7636 does not allow (section 4.1) never is.
pub(crate) fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let sane = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    sane && bool::from(computed.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_proves_its_challenge_alone() {
        // RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_challenge(challenge) && proves(verifier, challenge));
        assert!(!proves(challenge, challenge));
        assert!(!proves(&verifier[1..], challenge));
        for text in ["", "short", &format!("{challenge}="), &challenge.replace('-', "+"), verifier.split_at(42).0] {
            assert!(!is_challenge(text), "{text}");
        }
        // Right, but not one that RFC 7636 allows.
        for verifier in ["short", "a b".repeat(20).as_str(), "a".repeat(129).as_str()] {
            assert!(!proves(verifier, &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))));
        }
    }
}
