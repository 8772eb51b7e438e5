//! Tokens that are signed: JWTs. Ours are access tokens (RFC 9068), signed with Ed25519 (RFC 8037).
//!
//! `signed` proves one, of whatever kind; `jwt` checks an access token, whoever issued it, `id_token` what an issuer says of
//! somebody who signed in there; `keys` are ours and `issue` makes access tokens with them. A function that only checks
//! tokens is given public keys alone.

mod algorithm;
mod id_token;
mod issue;
mod jwt;
mod keys;
mod signed;

pub use algorithm::SigningAlgorithm;
pub use id_token::{IdTokenRules, StandardClaims, UnverifiedIdToken};
pub use issue::AccessGrant;
pub use jwt::{Rules, TokenError, Unverified, Verified};
pub use keys::{InvalidSigningKey, SigningKeys, TokenKeys};
pub use signed::TokenKey;
