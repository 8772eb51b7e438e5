//! An attempt to connect an account by OAuth 2, and its secrets.
//!
//! Three random texts belong to it: the token of the link that begins it, the state that goes to the provider and back,
//! and the cookie of the browser. The database has only their hashes. PKCE's verifier has to be kept until the code is
//! exchanged; it is sealed under a key that is made of the state (HKDF, RFC 5869), which nobody has who can merely read
//! the database.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::id::{ConnectionId, OauthTransactionId, OrganizationId, UserId};
use bulkhead_kernel::{Entropy, Secret, Timestamp, entropy};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// How long a link, and the way to the provider and back, may take.
pub const LINK_LIFETIME: Duration = Duration::from_secs(600);

const NONCE_BYTES: usize = 24;

/// An attempt.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: OauthTransactionId,
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) connection: ConnectionId,
    pub(crate) browser_hash: Option<String>,
    pub(crate) verifier: Option<Vec<u8>>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) used_at: Option<Timestamp>,
}

/// 256 random bits, as 43 characters that can stand in an address, a cookie, and as PKCE's verifier.
pub(crate) fn random(source: &dyn Entropy) -> Secret {
    let bytes = Zeroizing::new(entropy::bytes::<32>(source));
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

/// SHA-256, hexadecimal. What is hashed is random, so it needs no salt.
pub(crate) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn cipher(state: &Secret) -> XChaCha20Poly1305 {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, state.expose().as_bytes())
        .expand(b"bulkhead oauth verifier", key.as_mut_slice())
        .expect("32 bytes are less than HKDF can give");
    XChaCha20Poly1305::new_from_slice(key.as_slice()).expect("the key has the cipher's length")
}

/// Seals the verifier of an attempt.
pub(crate) fn seal_verifier(
    state: &Secret,
    transaction: OauthTransactionId,
    verifier: &Secret,
    source: &dyn Entropy,
) -> Vec<u8> {
    let nonce = entropy::bytes::<NONCE_BYTES>(source);
    let bound_to = transaction.to_string();
    let payload = Payload { msg: verifier.expose().as_bytes(), aad: bound_to.as_bytes() };
    let sealed = cipher(state).encrypt(&XNonce::from(nonce), payload).expect("a verifier is short");
    [nonce.as_slice(), &sealed].concat()
}

/// Opens it again; `None` when it was changed or belongs to another attempt.
pub(crate) fn open_verifier(state: &Secret, transaction: OauthTransactionId, sealed: &[u8]) -> Option<Secret> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    let bound_to = transaction.to_string();
    let payload = Payload { msg: ciphertext, aad: bound_to.as_bytes() };
    let opened = cipher(state).decrypt(&XNonce::from(nonce), payload).ok()?;
    String::from_utf8(opened).ok().map(Secret::new)
}

#[cfg(test)]
mod tests {
    use bulkhead_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_verifier_opens_with_its_state_and_attempt_alone() {
        let source = SeededEntropy::new(1);
        let (state, other, verifier) = (random(&source), random(&source), random(&source));
        let id: OauthTransactionId = "0192d3a4-7b1c-7f00-8000-000000000000".parse().expect("an id");
        let another: OauthTransactionId = "0192d3a4-7b1c-7f00-8000-000000000001".parse().expect("an id");
        let sealed = seal_verifier(&state, id, &verifier, &source);
        let opened = open_verifier(&state, id, &sealed).expect("opens");
        assert_eq!(opened.expose(), verifier.expose());
        assert!(open_verifier(&other, id, &sealed).is_none());
        assert!(open_verifier(&state, another, &sealed).is_none());
        assert!(open_verifier(&state, id, &sealed[..20]).is_none());
        let mut changed = sealed;
        changed[30] ^= 1;
        assert!(open_verifier(&state, id, &changed).is_none());
    }

    #[test]
    fn random_texts_are_long_enough_to_be_a_verifier() {
        let text = random(&SeededEntropy::new(1));
        assert_eq!(text.expose().len(), 43);
        assert!(text.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}
