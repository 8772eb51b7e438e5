//! How OAuth refuses (RFC 6749, sections 4.1.2.1 and 5.2, and what later RFCs added).

use std::borrow::Cow;

use bulkhead_identity::{AuthenticateError, InvalidSigningKey, OpenError};
use bulkhead_kernel::sql::SqlError;

/// What is wrong, in the words that clients act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, given twice, or makes no sense.
    InvalidRequest,
    /// The client is unknown, or has not proven to be itself.
    InvalidClient,
    /// Code or token is not, or no longer, good, or somebody else's.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// There is no such grant here.
    UnsupportedGrantType,
    /// There is no such response type here.
    UnsupportedResponseType,
    /// A scope is unknown, or more than what was granted.
    InvalidScope,
    /// `resource` is none of ours (RFC 8707).
    InvalidTarget,
    /// The user has refused.
    AccessDenied,
    /// The user has not decided yet (RFC 8628).
    AuthorizationPending,
    /// The client asks too often (RFC 8628).
    SlowDown,
    /// The device code has expired (RFC 8628).
    ExpiredToken,
    /// A redirect URI can't be registered (RFC 7591).
    InvalidRedirectUri,
    /// Something else of a client can't be registered (RFC 7591).
    InvalidClientMetadata,
    /// Too many of these came from there; try again later (RFC 6749).
    TemporarilyUnavailable,
}

impl Code {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::UnsupportedResponseType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::AccessDenied,
        Self::AuthorizationPending,
        Self::SlowDown,
        Self::ExpiredToken,
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::TemporarilyUnavailable,
    ];

    /// As it is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

/// A refusal. It never repeats what was sent: the description goes into headers, URLs and pages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", .code.as_str())]
pub struct OAuthError {
    /// What is wrong.
    pub code: Code,
    /// What to do, for a person: visible ASCII without quotes and backslashes.
    pub description: Cow<'static, str>,
}

impl OAuthError {
    /// A refusal.
    #[must_use]
    pub fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into() }
    }

    pub(crate) fn invalid_grant() -> Self {
        // One answer to all: whoever has somebody else's code must not learn what became of it.
        Self::new(Code::InvalidGrant, "the code or token is not good for this client, or no longer")
    }
}

/// Why there is no answer as asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request is refused.
    #[error(transparent)]
    Refused(#[from] OAuthError),
    /// No key signs access tokens.
    #[error(transparent)]
    Keys(#[from] InvalidSigningKey),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Keys(error) => Self::Keys(error),
            OpenError::Sql(error) => Self::Sql(error),
        }
    }
}

/// Why a token that is looked at says nothing; only the database's failure matters.
pub(crate) fn database(error: AuthenticateError) -> Result<(), SqlError> {
    match error {
        AuthenticateError::Sql(error) => Err(error),
        AuthenticateError::Invalid(_) | AuthenticateError::Token(_) => Ok(()),
    }
}
