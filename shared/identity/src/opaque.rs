//! Tokens that mean something to us alone: a tag, and 256 random bits in hexadecimal. So many random bits need no slow hash.

use bulkhead_kernel::{Entropy, Secret, entropy};
use sha2::{Digest, Sha256};

const RANDOM_BYTES: usize = 32;

/// What an opaque token is for. The tag says it, so that a leaked one is recognised and none is good for another purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Getting the next access token of a session.
    Refresh,
    /// A browser's session, in a cookie.
    Browser,
    /// Choosing another password.
    PasswordReset,
    /// Proving that an address is one's own.
    EmailVerification,
    /// Taking an invitation.
    Invitation,
    /// Having a deleted organisation back.
    Restore,
    /// The second step of signing in.
    SecondFactor,
    /// What goes along to another provider and comes back: an attempt to sign in there.
    SignInState,
    /// The browser that makes the attempt, in a cookie.
    SignInBrowser,
    /// What ties the provider's answer to the attempt: a nonce, or PKCE's verifier.
    SignInProof,
    /// What an OAuth client gets tokens for, once.
    AuthorizationCode,
    /// What a device gets tokens for, once its user has consented.
    DeviceCode,
    /// What an OAuth client proves itself with.
    ClientSecret,
    /// Answering what a passkey was asked.
    Passkey,
}

impl Purpose {
    const fn tag(self) -> &'static str {
        match self {
            Self::Refresh => "bhr_",
            Self::Browser => "bhb_",
            Self::PasswordReset => "bhp_",
            Self::EmailVerification => "bhv_",
            Self::Invitation => "bhi_",
            Self::Restore => "bho_",
            Self::SecondFactor => "bhc_",
            Self::SignInState => "bhx_",
            Self::SignInBrowser => "bhy_",
            Self::SignInProof => "bhz_",
            Self::AuthorizationCode => "bha_",
            Self::DeviceCode => "bhd_",
            Self::ClientSecret => "bhs_",
            Self::Passkey => "bhw_",
        }
    }

    /// Its name in SQL.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Browser => "browser",
            Self::PasswordReset => "password-reset",
            Self::EmailVerification => "email-verification",
            Self::Invitation => "invitation",
            Self::Restore => "restore",
            Self::SecondFactor => "second-factor",
            Self::SignInState => "sign-in-state",
            Self::SignInBrowser => "sign-in-browser",
            Self::SignInProof => "sign-in-proof",
            Self::AuthorizationCode => "authorization-code",
            Self::DeviceCode => "device-code",
            Self::ClientSecret => "client-secret",
            Self::Passkey => "passkey",
        }
    }
}

/// A whole token, as its owner holds it.
#[derive(Clone, Debug)]
pub struct OpaqueToken(Secret);

/// A text is not a token of this purpose. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token for this purpose")]
pub struct InvalidToken;

impl OpaqueToken {
    /// A new one.
    #[must_use]
    pub fn generate(purpose: Purpose, source: &dyn Entropy) -> Self {
        let random = entropy::bytes::<RANDOM_BYTES>(source);
        Self(Secret::new(format!("{}{}", purpose.tag(), hex::encode(random))))
    }

    /// Recognises one.
    ///
    /// # Errors
    /// [`InvalidToken`] when it is none, or for another purpose.
    pub fn parse(purpose: Purpose, text: &str) -> Result<Self, InvalidToken> {
        let digits = text.strip_prefix(purpose.tag()).ok_or(InvalidToken)?;
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if digits.len() != 2 * RANDOM_BYTES || !hexadecimal {
            return Err(InvalidToken);
        }
        Ok(Self(Secret::new(text.to_owned())))
    }

    /// What is stored, and by which it is found: SHA-256 in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.expose()))
    }

    /// The token itself, for its owner.
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
    fn a_token_is_good_for_one_purpose() {
        let token = OpaqueToken::generate(Purpose::Refresh, &Sevens);
        let parsed = OpaqueToken::parse(Purpose::Refresh, token.expose()).expect("a token");
        assert_eq!(parsed.hash(), token.hash());
        assert!(OpaqueToken::parse(Purpose::Browser, token.expose()).is_err());
        let upper = token.expose().replace("77", "7F");
        for text in ["", "bhr_", &token.expose()[1..], &upper, &format!("{}7", token.expose())] {
            assert!(OpaqueToken::parse(Purpose::Refresh, text).is_err(), "{text}");
        }
        assert!(!format!("{token:?}").contains("7777"));
    }
}
