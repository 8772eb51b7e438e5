//! The port for requests to other services.
//!
//! It is for what a feature asks of a service that an operator has named, such as a token endpoint: one small request,
//! one small answer. Tools of connectors have a way out of their own. Every adapter passes the suite in `testkit`.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

/// How much an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// The longest body that is read: bytes.
    pub body_bytes: usize,
    /// From the beginning to the last byte of the answer.
    pub time: Duration,
}

impl Default for HttpLimits {
    /// 64 KiB and 10 seconds: much for any answer of a token endpoint.
    fn default() -> Self {
        Self { body_bytes: 64 << 10, time: Duration::from_secs(10) }
    }
}

/// Why there is no answer. None of these repeats what was sent or what came back, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request has no absolute http or https address, or can't be sent for another reason of its own.
    #[error("the request can't be sent: {0}")]
    Unsendable(String),
    /// This process may not send requests there. Nothing was sent.
    #[error("requests to {host} are not allowed here")]
    Denied {
        /// Where to.
        host: String,
    },
    /// There is no connection, or no proof of who is at its other end. Nothing was sent.
    #[error("the service can't be reached: {0}")]
    Unreachable(String),
    /// The time was over. The service may have got the request.
    #[error("the service gave no whole answer within {} ms", .limit.as_millis())]
    Timeout {
        /// The time.
        limit: Duration,
    },
    /// The answer's body is longer than it may be.
    #[error("the service's answer is longer than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// The answer is no HTTP, or it broke off. The service may have got the request.
    #[error("the service's answer broke off or is no HTTP: {0}")]
    Broken(String),
}

impl HttpError {
    /// Whether it is certain that the service got no request: then it can be sent again whatever it does.
    #[must_use]
    pub fn nothing_was_sent(&self) -> bool {
        matches!(self, Self::Unsendable(_) | Self::Denied { .. } | Self::Unreachable(_))
    }
}

/// Sends requests.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request to its absolute http or https address and gives the whole answer, whatever its status is.
    ///
    /// A redirect is an answer and is not followed. Connections are not shared between requests, and no cookie is kept.
    /// TLS proves that the service is the host that the address names.
    async fn send(&self, request: Request<Bytes>, limits: HttpLimits) -> Result<Response<Bytes>, HttpError>;
}

/// A client for whoever has no business with other services.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHttp;

#[async_trait]
impl HttpClient for NoHttp {
    async fn send(&self, request: Request<Bytes>, _: HttpLimits) -> Result<Response<Bytes>, HttpError> {
        Err(HttpError::Denied { host: request.uri().host().unwrap_or_default().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_wrong_before_sending_may_be_sent_again() {
        let before = [
            HttpError::Unsendable(String::new()),
            HttpError::Denied { host: String::new() },
            HttpError::Unreachable(String::new()),
        ];
        let after = [
            HttpError::Timeout { limit: Duration::ZERO },
            HttpError::TooLarge { limit: 1 },
            HttpError::Broken(String::new()),
        ];
        assert!(before.iter().all(HttpError::nothing_was_sent));
        assert!(!after.iter().any(HttpError::nothing_was_sent));
    }
}
