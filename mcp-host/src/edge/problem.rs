//! Why no function answered, as the problem that the caller is told. What went wrong inside is for the log alone.

use bulkhead_http_api::{Kind, Problem};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use wasmtime_wasi_http::handler::ExpirationError;

use super::guest::LimitReached;

/// Why a request got no answer from a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("no route matches this path")]
    NoRoute,
    #[error("the request has no host, or one that can't be one")]
    BadHost,
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("too many requests are running; try again")]
    Busy,
    #[error("the function needed more memory than it may use")]
    Memory,
    #[error("the function did not answer in time")]
    Timeout,
    #[error("the function computed for longer than it may")]
    CpuTime,
    #[error("the function failed; quote the correlation id to the operator, whose log says more")]
    Failed,
}

impl NoAnswer {
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

    fn kind(self) -> Kind {
        match self {
            Self::NoRoute => Kind::UnknownPath,
            Self::BadHost => Kind::InvalidHeader,
            Self::BodyTooLarge { .. } => Kind::BodyTooLarge,
            Self::Busy => Kind::Unavailable,
            Self::Memory => Kind::OutOfMemory,
            Self::Timeout | Self::CpuTime => Kind::Timeout,
            Self::Failed => Kind::Internal,
        }
    }
}

impl From<NoAnswer> for Problem {
    fn from(reason: NoAnswer) -> Self {
        let problem = Self::new(reason.kind(), reason.to_string());
        match reason {
            NoAnswer::BodyTooLarge { limit } => problem.with_member("limit_bytes", limit),
            NoAnswer::Busy => problem.with_header(RETRY_AFTER, HeaderValue::from_static("1")),
            _ => problem,
        }
    }
}
