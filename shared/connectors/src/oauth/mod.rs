//! How accounts of a service are connected by OAuth 2 (RFC 6749): data, so that a service's peculiarities need no code.
//!
//! A manifest's `[auth.oauth2]` is an [`OauthEntry`]. It may name a provider, whose own entry is a file of `providers/`,
//! and say what is different; or be whole by itself. Together they make an [`OauthProvider`], which the catalogue keeps.
//! To add a provider, write its file from the vendor's documentation, name it in `providers.rs`, and test an answer of
//! its token endpoint as documented.

#[cfg(not(target_family = "wasm"))]
mod entry;
mod provider;
#[cfg(not(target_family = "wasm"))]
mod providers;

#[cfg(not(target_family = "wasm"))]
pub use entry::{OauthEntry, OauthEntryError, SettingValues};
pub use provider::{BodyFormat, ClientAuthentication, OauthProvider, Revocation};
#[cfg(not(target_family = "wasm"))]
pub use providers::{provider, provider_names};
