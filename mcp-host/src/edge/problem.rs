//! What a caller is told when no function answers: problem+json (RFC 9457) with the correlation id.
//!
//! What went wrong inside stays in the log, under the same id.

use axum::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use wasmtime_wasi_http::handler::ExpirationError;

use super::guest::LimitReached;
use bulkhead_kernel::CorrelationId;

/// Why a request got no answer from a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("no route matches this path")]
    NoRoute,
    #[error("the request has no host, or one that can't be one")]
    BadHost,
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("too many requests are running; try again")]
    Busy,
    #[error("the server is shutting down; try again")]
    Draining,
    #[error("the function needed more memory than it may use")]
    Memory,
    #[error("the function did not answer in time")]
    Timeout,
    #[error("the function computed for longer than it may")]
    CpuTime,
    #[error("the function failed")]
    Failed,
}

impl Problem {
    /// Reads the error that ended an instance.
    pub(crate) fn of_failure(error: &wasmtime::Error) -> Self {
        match error.downcast_ref::<LimitReached>() {
            Some(LimitReached::Memory) => Self::Memory,
            Some(LimitReached::CpuTime) => Self::CpuTime,
            None if error.is::<ExpirationError>() => Self::Timeout,
            // What the worker says when time ran out while the function held the instance to itself.
            None if error.to_string() == "guest timed out" => Self::Timeout,
            None => Self::Failed,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::BadHost => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy | Self::Draining | Self::Memory => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout | Self::CpuTime => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer.
    pub(crate) fn response(self, correlation: Option<&str>) -> Response<Body> {
        let status = self.status();
        let mut problem = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        if let Some(correlation) = correlation {
            problem["correlation_id"] = correlation.into();
        }
        let mut response = Response::new(Body::from(problem.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(value) = correlation.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(CorrelationId::HEADER, value);
        }
        if matches!(self, Self::Busy | Self::Draining) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
