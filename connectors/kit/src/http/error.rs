//! Why a request got no answer.

use crate::ToolError;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request cannot be sent as it is, for example because its URL is none.
    #[error("the request cannot be sent: {0}")]
    InvalidRequest(String),
    /// The sandbox refused: the manifest does not ask for this host, method or path, or the operator did not grant it.
    #[error("the connector was not granted this request to {host}")]
    NotGranted {
        /// The request's host, with the port where it names one.
        host: String,
    },
    /// The sandbox refused: the host's name leads to an address that connectors must not reach, such as a private one.
    #[error("{host} leads to an address that connectors may not reach")]
    AddressProhibited {
        /// The request's host.
        host: String,
    },
    /// The host's name does not resolve.
    #[error("the name {host} cannot be resolved")]
    UnknownHost {
        /// The request's host.
        host: String,
    },
    /// Nobody accepts connections there.
    #[error("{host} refuses connections")]
    ConnectionRefused {
        /// The request's host.
        host: String,
    },
    /// No answer in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// The request's host.
        host: String,
    },
    /// The connection is not trustworthy: a certificate or the TLS protocol failed.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// The request's host.
        host: String,
        /// What failed.
        reason: String,
    },
    /// The answer is larger than the request allows.
    #[error("the answer of {host} is larger than {limit} bytes")]
    ResponseTooLarge {
        /// The request's host.
        host: String,
        /// The most bytes that were allowed.
        limit: u64,
    },
    /// The answer sends the caller somewhere that is not followed.
    #[error("{host} redirects to an address that is not followed: {reason}")]
    Redirect {
        /// The host that redirects.
        host: String,
        /// Why it is not followed.
        reason: String,
    },
    /// The connection broke, or what came was not HTTP.
    #[error("the exchange with {host} broke off: {reason}")]
    Broken {
        /// The request's host.
        host: String,
        /// What happened.
        reason: String,
    },
}

impl HttpError {
    /// Whether the same request may well be answered a moment later: nobody was there, or the exchange broke off.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::ConnectionRefused { .. } | Self::Timeout { .. } | Self::Broken { .. })
    }
}

/// What the sandbox or the connector is to blame for is a failure; everything else is the service's.
impl From<HttpError> for ToolError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::InvalidRequest(_) | HttpError::NotGranted { .. } | HttpError::AddressProhibited { .. } => {
                Self::Failed(error.to_string())
            }
            _ => Self::Upstream { status: None, message: error.to_string() },
        }
    }
}
