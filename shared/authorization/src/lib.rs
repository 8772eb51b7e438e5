//! The authorization server (OAuth 2.1): which clients there are, what a user grants them, and what they get for that.
//!
//! `parameters.rs` is how OAuth's requests are written, `error.rs` how it refuses, `policy.rs` the limits; `client/` who asks,
//! `request.rs` what for, `code/` the authorization code grant, `device/` the one for terminals (RFC 8628), `refresh.rs`,
//! `revoke.rs` (RFC 7009) and `introspect.rs` (RFC 7662) what becomes of it, `metadata.rs` what clients are told about all
//! of this, `forget.rs` what goes with a user. What is granted is a session of identity's, with the client's id: this crate has no tokens of its own.
//!
//! A grant type more is a folder like `device/`, a member of [`GrantType`], and a branch in the function's token endpoint.

mod client;
mod code;
mod device;
mod error;
mod forget;
mod grant;
mod introspect;
mod metadata;
mod parameters;
mod pkce;
mod policy;
mod redirect;
mod refresh;
mod request;
mod revoke;

pub use client::{
    Client, ClientDocuments, ClientKind, ClientMetadata, Document, DocumentError, PresentedClient, Registered,
    TokenAuthMethod, authenticate_client, find_client, register_client,
};
pub use code::{Consent, issue_code, redeem_code, refuse_consent};
pub use device::{
    Decision, DeviceAuthorization, PendingDevice, begin_device, decide_device, find_device, redeem_device_code,
};
pub use error::{Code, Failure, OAuthError};
pub use forget::{forget_steps, withdraw_steps};
pub use grant::{GrantType, Grantor};
pub use introspect::{Introspector, introspect};
pub use metadata::{openid_configuration, server_metadata};
pub use parameters::Parameters;
pub use policy::Policy;
pub use redirect::{InvalidRedirectUri, RedirectUri};
pub use refresh::refresh;
pub use request::{AuthorizationRequest, Refused, check_request};
pub use revoke::revoke;
