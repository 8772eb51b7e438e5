//! What every HTTP function needs, so that a function is left with its use case.
//!
//! A function lists its paths in [`Routes`], one handler a file. A handler takes what it needs as arguments (the
//! [`Caller`](bulkhead_kernel::Caller), a [`Path`], a [`Query`], a [`JsonBody`], [`Wait`], an [`IdempotencyKey`]) and
//! gives an answer or a [`Problem`]. Everything that arrives from outside is parsed here or refused here; every
//! refusal is a problem document (RFC 9457), every answer carries the correlation id and the security headers.
//!
//! To let handlers fail in a new way, add a [`Kind`] and its mapping in `failures.rs`, which is the one place where
//! use cases' errors become problems. To describe a new route, see [`openapi`].

mod answer;
mod api;
mod browser;
mod caller;
mod cookie;
mod cross_origin;
mod failures;
mod form;
mod host;
mod idempotency;
mod json;
#[cfg(not(target_family = "wasm"))]
pub mod openapi;
mod origin;
mod page;
mod page_of;
mod paging;
mod path;
mod peer;
mod prefer;
mod problem;
mod query;
mod routes;
mod security;
mod throttle;
mod variables;

pub use answer::{Answered, Correlation, answer};
pub use api::{Api, Audience, Limits};
pub use browser::{
    BrowserSession, CSRF_COOKIE, CSRF_HEADER, CsrfToken, SESSION_COOKIE, browser_session, check_same_origin,
    no_session_cookies, session_cookies,
};
pub use caller::bearer;
pub use cookie::HostCookie;
pub use form::{FormBody, FormBytes};
pub use host::{FetchedDocument, HostClient, HostError, RunReply};
pub use idempotency::IdempotencyKey;
pub use json::JsonBody;
pub use origin::Origin;
pub use page::Page;
pub use page_of::PageOf;
pub use paging::collection;
pub use path::Path;
pub use peer::Peer;
pub use prefer::Wait;
pub use problem::{Kind, Problem};
pub use query::{FromQuery, Parameters, Query};
pub use routes::{Route, Routes};
pub use throttle::RateLimit;
pub use variables::{
    CREDENTIAL_LIMITS, IDENTITY_KEY, LIFETIMES, PUBLIC_URL, SIGNING_KEYS, TOKEN_KEYS, VAULT_SEALING_KEY, VariableError,
    Variables,
};
