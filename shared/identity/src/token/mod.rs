//! Access tokens: JWTs (RFC 9068), signed with Ed25519 (RFC 8037) when they are ours.
//!
//! `jwt` checks one, whoever issued it; `keys` are ours and `issue` makes tokens with them. A function that only checks
//! tokens is given public keys alone.

mod algorithm;
mod issue;
mod jwt;
mod keys;

pub use algorithm::SigningAlgorithm;
pub use issue::AccessGrant;
pub use jwt::{Rules, TokenError, TokenKey, Unverified, Verified};
pub use keys::{InvalidSigningKey, SigningKeys, TokenKeys};
