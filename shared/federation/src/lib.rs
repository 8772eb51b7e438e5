//! Signing in at another provider: GitHub, or any issuer of OpenID Connect.
//!
//! [`Providers`] are what the operator has set. [`start`] sends a browser there with a state, a nonce and PKCE, which are bound
//! to it by a cookie; [`complete`] checks what it brings back, exchanges the code and asks who it is: `discovery` finds an
//! issuer's addresses and keys, `keys` reads them, `oidc` and `github` say who somebody is. Whose account that is here, is for
//! [`bulkhead_identity::recognise`] to say.
//!
//! The exchange is that of connected accounts (`bulkhead-connections`). To add a kind of provider that is no issuer of OpenID
//! Connect, write a file like `github` and name it in `provider`.

mod attempt;
mod complete;
mod discovery;
mod fetch;
mod github;
mod keys;
mod oidc;
mod provider;
mod start;
mod store;

pub use attempt::{ATTEMPT_LIFETIME, Intent};
pub use complete::{CompleteError, Completed, Completion, complete};
pub use discovery::{DiscoveryCache, DiscoveryError};
pub use fetch::FetchError;
pub use keys::{Jwks, KeySet, VerifyingKey};
pub use provider::{InvalidProviders, Provider, ProviderKind, Providers, may_name};
pub use start::{Start, StartError, Started, start};
