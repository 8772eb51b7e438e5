//! A JSON document of a provider's.

use std::time::Duration;

use bulkhead_kernel::Secret;
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, StatusCode};
use serde::de::DeserializeOwned;

/// Metadata, key sets and profiles are a few kilobytes.
const LIMITS: HttpLimits = HttpLimits { body_bytes: 256 << 10, time: Duration::from_secs(10) };

const AGENT: &str = concat!("bulkhead/", env!("CARGO_PKG_VERSION"));

/// Why there is no document. None of these repeats what was sent or what came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is no answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer is another one.
    #[error("the provider answers with the status {0}")]
    Status(u16),
    /// It is not what it should be.
    #[error("the provider's document makes no sense")]
    Malformed,
}

/// The document at this address, with the token of whom it is about where it is about somebody.
pub(crate) async fn get<T: DeserializeOwned>(
    http: &dyn HttpClient,
    address: &str,
    token: Option<&Secret>,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<T, FetchError> {
    let mut request = Request::get(address)
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header(USER_AGENT, HeaderValue::from_static(AGENT))
        .body(Bytes::new())
        .map_err(|_| FetchError::Malformed)?;
    for (name, value) in headers {
        request.headers_mut().insert(name, value.clone());
    }
    if let Some(token) = token {
        let text = Secret::new(format!("Bearer {}", token.expose()));
        let mut value = HeaderValue::from_str(text.expose()).map_err(|_| FetchError::Malformed)?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    let answer = http.send(request, LIMITS).await?;
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    serde_json::from_slice(answer.body()).map_err(|_| FetchError::Malformed)
}
