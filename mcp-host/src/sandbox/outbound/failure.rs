//! Why a request got no answer, or its answer no end.
//!
//! No variant carries what a server said. What stands in here goes into events, logs and the guest.

use wasmtime_wasi_http::Error;

use crate::sandbox::limits::{LimitExceeded, LimitName};

/// Why a request got no answer, or its answer no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("its address is not an absolute http or https URL")]
    InvalidAddress,
    #[error("the connector was not granted it")]
    NotGranted,
    #[error("the header {0} can't be sent: it says where the body ends, and the host does that")]
    Framing(&'static str),
    #[error("the name can't be resolved")]
    UnknownHost,
    #[error("the name leads to an address that connectors may not reach")]
    AddressProhibited,
    #[error("the connection was refused")]
    ConnectionRefused,
    #[error("the host can't be reached")]
    Unreachable,
    #[error("no secure connection: {0}")]
    Tls(TlsFault),
    #[error("it took longer than the tool wanted to wait for {0}")]
    TooSlow(Stage),
    #[error("it exceeded the limit {:?} of {}", .0.name, .0.limit)]
    Limit(LimitExceeded),
    #[error("the tool's body broke off")]
    BodyBrokeOff,
    #[error("the connection broke off, or what came was not HTTP")]
    Protocol,
    #[error("its answer is encoded in a way that the host does not know or did not ask for")]
    UnknownEncoding,
    #[error("its answer is not what its content encoding says, or breaks off")]
    Undecodable,
    #[error("its answer held the credential {0:?} and was withheld")]
    CredentialEchoed(String),
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stage {
    #[error("the connection")]
    Connection,
    #[error("the answer's beginning")]
    FirstByte,
    #[error("more of the answer")]
    NextBytes,
}

/// What is wrong with the other side's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsFault {
    #[error("its certificate is expired or not valid yet")]
    Expired,
    #[error("its certificate is not for this host")]
    Name,
    #[error("its certificate is by nobody who is trusted here; see [outbound] ca_file")]
    Untrusted,
    #[error("the TLS protocol failed")]
    Protocol,
}

impl OutboundError {
    /// What a failed exchange means. A body that failed tells why itself.
    pub(super) fn of_hyper(error: &hyper::Error, header_limit: u64) -> Self {
        let mut cause = std::error::Error::source(error);
        while let Some(found) = cause {
            let wrapped = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            let own = found.downcast_ref::<Self>().or_else(|| wrapped.and_then(|error| error.downcast_ref()));
            if let Some(own) = own {
                return own.clone();
            }
            cause = found.source();
        }
        if error.is_parse_too_large() {
            Self::Limit(LimitExceeded::beyond(LimitName::ResponseHeaderBytes, header_limit))
        } else if error.is_user() {
            Self::BodyBrokeOff
        } else {
            Self::Protocol
        }
    }
}

/// As the guest sees it.
impl From<OutboundError> for Error {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::InvalidAddress => Self::HttpRequestUriInvalid,
            OutboundError::NotGranted => Self::HttpRequestDenied,
            OutboundError::UnknownHost => Self::DnsError { rcode: None, info_code: None },
            OutboundError::AddressProhibited => Self::DestinationIpProhibited,
            OutboundError::ConnectionRefused => Self::ConnectionRefused,
            OutboundError::Unreachable => Self::DestinationUnavailable,
            OutboundError::Tls(TlsFault::Protocol) => Self::TlsProtocolError,
            OutboundError::Tls(_) => Self::TlsCertificateError,
            OutboundError::TooSlow(Stage::Connection) => Self::ConnectionTimeout,
            OutboundError::TooSlow(Stage::FirstByte) => Self::HttpResponseTimeout,
            OutboundError::TooSlow(Stage::NextBytes) => Self::ConnectionReadTimeout,
            OutboundError::Limit(exceeded) => of_limit(exceeded),
            OutboundError::Protocol => Self::HttpProtocolError,
            OutboundError::UnknownEncoding => Self::HttpResponseContentCoding(None),
            OutboundError::Framing(_)
            | OutboundError::BodyBrokeOff
            | OutboundError::Undecodable
            | OutboundError::CredentialEchoed(_) => Self::InternalError(Some(error.to_string())),
        }
    }
}

fn of_limit(exceeded: LimitExceeded) -> Error {
    match exceeded.name {
        LimitName::OutboundRequests => Error::HttpRequestDenied,
        LimitName::RequestsInFlight => Error::ConnectionLimitReached,
        LimitName::SentBytes => Error::HttpRequestBodySize(Some(exceeded.limit)),
        LimitName::ReceivedBytes | LimitName::DecodedRatio => Error::HttpResponseBodySize(Some(exceeded.limit)),
        LimitName::ResponseHeaderBytes => {
            Error::HttpResponseHeaderSectionSize(Some(u32::try_from(exceeded.limit).unwrap_or(u32::MAX)))
        }
        LimitName::ConnectMs => Error::ConnectionTimeout,
        LimitName::FirstByteMs => Error::HttpResponseTimeout,
        LimitName::BetweenBytesMs => Error::ConnectionReadTimeout,
        _ => Error::InternalError(Some(exceeded.to_string())),
    }
}
