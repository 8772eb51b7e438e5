//! Outbound HTTP: one request, one answer, waited for.
//!
//! A connector reaches only what its manifest asks for and the operator granted, and it never holds a credential:
//! the host adds it to the request outside the sandbox. [`HttpError`] tells a refusal by the sandbox apart from a
//! service that cannot be reached.

mod error;
mod link;
mod redirect;
mod request;
mod response;
mod retry;
#[cfg(target_family = "wasm")]
mod wasi;

pub use error::HttpError;
pub use http::{HeaderMap, Method, StatusCode};
pub use link::link;
pub use redirect::redirection;
pub use request::Request;
pub use response::Response;
pub use retry::{Next, Retries, retry_after};

#[cfg(not(target_family = "wasm"))]
use crate::fake as transport;
#[cfg(target_family = "wasm")]
use wasi as transport;
