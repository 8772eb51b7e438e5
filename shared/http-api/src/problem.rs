//! Problem documents (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bulkhead_kernel::CorrelationId;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What kind of problem it is. Clients may act on its `type`, `urn:bulkhead:problem:<name>`, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A query parameter is unknown, given twice, or has a value that makes no sense. `faults` names each.
    InvalidParameters,
    /// A request header makes no sense.
    InvalidHeader,
    /// The body is not JSON.
    MalformedJson,
    /// The body broke off.
    IncompleteBody,
    /// No credential, or one that does not work.
    Unauthenticated,
    /// The access token lacks a scope; `WWW-Authenticate` names all that are needed.
    InsufficientScope,
    /// A browser's session changes something, and nothing proves that a page of ours sent it.
    CrossSite,
    /// The user's role is not enough.
    InsufficientRole,
    /// E-mail address or password is wrong.
    WrongCredentials,
    /// A code of a second factor is wrong, or was used before.
    WrongCode,
    /// The user has a second factor, or has none, where it must be the other way around.
    SecondFactorState,
    /// What a passkey answered does not pass.
    PasskeyRefused,
    /// The user's passkeys don't allow it: too many, the same one again, or the only way to sign in.
    PasskeyState,
    /// The refresh token is not, or no longer, good.
    InvalidGrant,
    /// A token that was mailed is not, or no longer, good.
    InvalidToken,
    /// The user belongs to no such organisation.
    NoOrganization,
    /// Nobody makes an account without having been invited.
    SignUpClosed,
    /// Somebody else has the e-mail address or the organisation's slug.
    AccountExists,
    /// The organisation does not allow the tool.
    ToolRestricted,
    /// Nothing has this path.
    UnknownPath,
    /// No connector has this name.
    UnknownConnector,
    /// The connector has no tool of this name.
    UnknownTool,
    /// The organisation has no job of this id.
    UnknownJob,
    /// The caller may know of no connection of this id.
    UnknownConnection,
    /// The caller has no MCP session of this id.
    UnknownSession,
    /// The caller has no such passkey.
    UnknownPasskey,
    /// There is no such API key of which the caller may know.
    UnknownApiKey,
    /// The organisation has no such member.
    UnknownMember,
    /// There is no such invitation, or it is over.
    UnknownInvitation,
    /// The organisation has no such team.
    UnknownTeam,
    /// The organisation has no such project, or none that the caller may see.
    UnknownProject,
    /// The caller may see no such organisation.
    UnknownOrganization,
    /// The caller has no such identity at another provider.
    UnknownIdentity,
    /// Nobody signs in by a provider of this name here.
    UnknownProvider,
    /// The API key has ended, so it can't be rotated.
    ApiKeyEnded,
    /// Something else has the slug.
    SlugTaken,
    /// The organisation would be left without an owner.
    LastOwner,
    /// Who is invited belongs to the organisation already.
    AlreadyMember,
    /// The invitation is for another address, or the user's is not verified.
    AddressMismatch,
    /// Nobody has proven that the account's address is theirs.
    AddressNotVerified,
    /// The user could not sign in any more.
    LastSignInMethod,
    /// The request takes somebody who signed in, not a key or what was granted to a client.
    SignInRequired,
    /// The path has no such method; `Allow` names those that it has.
    MethodNotAllowed,
    /// The job has ended, so it can't be canceled. `job_status` says how.
    JobEnded,
    /// The job asks for nothing, so it can't be answered. `job_status` says where it is.
    JobAsksNothing,
    /// The job's questions have been answered.
    JobAnswered,
    /// The connection can't be connected again: it was disconnected, or is not one by OAuth 2.
    NotReconnectable,
    /// The body is longer than the limit, `limit_bytes`.
    BodyTooLarge,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is JSON, but not what the request takes. `faults` names each fault's place.
    InvalidBody,
    /// The arguments do not meet the tool's input schema. `faults` names each fault's place.
    InvalidArguments,
    /// The idempotency key was used for another call.
    IdempotencyKeyReused,
    /// Something that may be guessed was tried too often; `Retry-After` says when to go on.
    TooManyRequests,
    /// Something is wrong on our side; the log says what, under the correlation id.
    Internal,
    /// The database can't be reached.
    DatabaseUnavailable,
    /// The database has not been migrated.
    NotMigrated,
    /// A variable of the function is missing or makes no sense.
    Misconfigured,
    /// Another provider can't be asked.
    ProviderUnavailable,
    /// Too many requests are running, or the server is shutting down.
    Unavailable,
    /// Answering needed more memory than there may be.
    OutOfMemory,
    /// Answering took longer than it may.
    Timeout,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 61] = [
        Self::InvalidParameters,
        Self::InvalidHeader,
        Self::MalformedJson,
        Self::IncompleteBody,
        Self::Unauthenticated,
        Self::InsufficientScope,
        Self::CrossSite,
        Self::InsufficientRole,
        Self::WrongCredentials,
        Self::WrongCode,
        Self::SecondFactorState,
        Self::PasskeyRefused,
        Self::PasskeyState,
        Self::InvalidGrant,
        Self::InvalidToken,
        Self::NoOrganization,
        Self::SignUpClosed,
        Self::AccountExists,
        Self::ToolRestricted,
        Self::UnknownPath,
        Self::UnknownConnector,
        Self::UnknownTool,
        Self::UnknownJob,
        Self::UnknownConnection,
        Self::UnknownSession,
        Self::UnknownPasskey,
        Self::UnknownApiKey,
        Self::UnknownMember,
        Self::UnknownInvitation,
        Self::UnknownTeam,
        Self::UnknownProject,
        Self::UnknownOrganization,
        Self::UnknownIdentity,
        Self::UnknownProvider,
        Self::ApiKeyEnded,
        Self::SlugTaken,
        Self::LastOwner,
        Self::AlreadyMember,
        Self::AddressMismatch,
        Self::AddressNotVerified,
        Self::LastSignInMethod,
        Self::SignInRequired,
        Self::MethodNotAllowed,
        Self::JobEnded,
        Self::JobAsksNothing,
        Self::JobAnswered,
        Self::NotReconnectable,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidBody,
        Self::InvalidArguments,
        Self::IdempotencyKeyReused,
        Self::TooManyRequests,
        Self::Internal,
        Self::DatabaseUnavailable,
        Self::NotMigrated,
        Self::Misconfigured,
        Self::ProviderUnavailable,
        Self::Unavailable,
        Self::OutOfMemory,
        Self::Timeout,
    ];

    /// The status, the name in `type`, and the title: the same for every problem of the kind.
    const fn describe(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidParameters => (S::BAD_REQUEST, "invalid-parameters", "The query is not valid"),
            Self::InvalidHeader => (S::BAD_REQUEST, "invalid-header", "A header is not valid"),
            Self::MalformedJson => (S::BAD_REQUEST, "malformed-json", "The body is not JSON"),
            Self::IncompleteBody => (S::BAD_REQUEST, "incomplete-body", "The body broke off"),
            Self::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "A valid credential is required"),
            Self::InsufficientScope => (S::FORBIDDEN, "insufficient-scope", "The access token lacks a scope"),
            Self::CrossSite => (S::FORBIDDEN, "cross-site", "The request does not prove that it comes from here"),
            Self::InsufficientRole => (S::FORBIDDEN, "insufficient-role", "The user's role is not enough"),
            Self::WrongCredentials => {
                (S::UNAUTHORIZED, "wrong-credentials", "The e-mail address or the password is wrong")
            }
            Self::WrongCode => (S::FORBIDDEN, "wrong-code", "The code is wrong"),
            Self::SecondFactorState => (S::CONFLICT, "second-factor-state", "The second factor is in another state"),
            Self::PasskeyRefused => (S::FORBIDDEN, "passkey-refused", "The passkey is refused"),
            Self::PasskeyState => (S::CONFLICT, "passkey-state", "Your passkeys don't allow it"),
            Self::InvalidGrant => (S::UNAUTHORIZED, "invalid-grant", "The refresh token is not valid"),
            Self::InvalidToken => (S::BAD_REQUEST, "invalid-token", "The token is not valid"),
            Self::NoOrganization => (S::FORBIDDEN, "no-organization", "The user belongs to no such organization"),
            Self::SignUpClosed => (S::FORBIDDEN, "sign-up-closed", "Accounts are made by invitation"),
            Self::AccountExists => (S::CONFLICT, "account-exists", "The address or the slug is taken"),
            Self::ToolRestricted => (S::FORBIDDEN, "tool-restricted", "The organization does not allow the tool"),
            Self::UnknownPath => (S::NOT_FOUND, "unknown-path", "There is nothing at this path"),
            Self::UnknownConnector => (S::NOT_FOUND, "unknown-connector", "There is no such connector"),
            Self::UnknownTool => (S::NOT_FOUND, "unknown-tool", "The connector has no such tool"),
            Self::UnknownJob => (S::NOT_FOUND, "unknown-job", "There is no such job"),
            Self::UnknownConnection => (S::NOT_FOUND, "unknown-connection", "There is no such connection"),
            Self::UnknownSession => (S::NOT_FOUND, "unknown-session", "There is no such session"),
            Self::UnknownPasskey => (S::NOT_FOUND, "unknown-passkey", "There is no such passkey"),
            Self::UnknownApiKey => (S::NOT_FOUND, "unknown-api-key", "There is no such API key"),
            Self::UnknownMember => (S::NOT_FOUND, "unknown-member", "There is no such member"),
            Self::UnknownInvitation => (S::NOT_FOUND, "unknown-invitation", "There is no such invitation"),
            Self::UnknownTeam => (S::NOT_FOUND, "unknown-team", "There is no such team"),
            Self::UnknownProject => (S::NOT_FOUND, "unknown-project", "There is no such project"),
            Self::UnknownOrganization => (S::NOT_FOUND, "unknown-organization", "There is no such organization"),
            Self::UnknownIdentity => (S::NOT_FOUND, "unknown-identity", "There is no such identity"),
            Self::UnknownProvider => (S::NOT_FOUND, "unknown-provider", "There is no such provider"),
            Self::ApiKeyEnded => (S::CONFLICT, "api-key-ended", "The API key has ended"),
            Self::SlugTaken => (S::CONFLICT, "slug-taken", "The slug is taken"),
            Self::LastOwner => (S::CONFLICT, "last-owner", "An organization has an owner"),
            Self::AlreadyMember => (S::CONFLICT, "already-member", "They are a member already"),
            Self::AddressMismatch => (S::FORBIDDEN, "address-mismatch", "The invitation is for another address"),
            Self::AddressNotVerified => (S::FORBIDDEN, "address-not-verified", "The account's address is not verified"),
            Self::LastSignInMethod => (S::CONFLICT, "last-sign-in-method", "It is the only way to sign in"),
            Self::SignInRequired => (S::FORBIDDEN, "sign-in-required", "A sign-in is required"),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "The path does not have this method")
            }
            Self::JobEnded => (S::CONFLICT, "job-ended", "The job has ended"),
            Self::JobAsksNothing => (S::CONFLICT, "job-asks-nothing", "The job asks for nothing"),
            Self::JobAnswered => (S::CONFLICT, "job-answered", "The job's questions have been answered"),
            Self::NotReconnectable => (S::CONFLICT, "not-reconnectable", "The connection can't be connected again"),
            Self::BodyTooLarge => (S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has another media type")
            }
            Self::InvalidBody => (S::UNPROCESSABLE_ENTITY, "invalid-body", "The body is not what this request takes"),
            Self::InvalidArguments => (S::UNPROCESSABLE_ENTITY, "invalid-arguments", "The arguments are not valid"),
            Self::IdempotencyKeyReused => {
                (S::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used for another call")
            }
            Self::TooManyRequests => (S::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Something went wrong"),
            Self::DatabaseUnavailable => {
                (S::SERVICE_UNAVAILABLE, "database-unavailable", "The database is unavailable")
            }
            Self::NotMigrated => (S::SERVICE_UNAVAILABLE, "not-migrated", "The database has not been migrated"),
            Self::Misconfigured => (S::SERVICE_UNAVAILABLE, "misconfigured", "The installation is not set up for this"),
            Self::ProviderUnavailable => (S::BAD_GATEWAY, "provider-unavailable", "The provider can't be asked"),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "The server can't take the request now"),
            Self::OutOfMemory => (S::SERVICE_UNAVAILABLE, "out-of-memory", "The request needs too much memory"),
            Self::Timeout => (S::GATEWAY_TIMEOUT, "timeout", "The request took too long"),
        }
    }

    /// The status of its answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.describe().0
    }

    /// Its `type`.
    #[must_use]
    pub fn uri(self) -> String {
        format!("urn:bulkhead:problem:{}", self.describe().1)
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.describe().2
    }
}

/// A refusal on its way out. What a client may know is in the document; the cause is for the log only.
#[derive(Clone, Debug)]
pub struct Problem(Box<Document>);

#[derive(Clone, Debug)]
struct Document {
    kind: Kind,
    detail: String,
    members: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<String>,
}

impl Problem {
    /// A problem, and in `detail` what is wrong with this request and what to do.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind,
            detail: detail.into(),
            members: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// The same with another member of the document.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Serialize) -> Self {
        self.0.members.insert(name.to_owned(), json!(value));
        self
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same with what the log has to say about it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What is wrong with this request, and what to do: for a page that says it.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What is wrong with each part, or with the whole where there are no parts: for the same.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        let faults = self.0.members.get("faults").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let messages: Vec<_> = faults.iter().filter_map(|fault| Some(fault["message"].as_str()?.to_owned())).collect();
        if messages.is_empty() { vec![self.0.detail.clone()] } else { messages }
    }

    /// Its answer's headers, for the same.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Writes it to the log, once: ours as errors, a caller's as what they are.
    pub(crate) fn log(&self) {
        let (status, problem) = (self.0.kind.status().as_u16(), self.0.kind.describe().1);
        let cause = self.0.cause.as_deref().unwrap_or(&self.0.detail);
        match self.0.kind {
            kind if kind.status().is_server_error() => tracing::error!(status, problem, cause, "request failed"),
            Kind::Unauthenticated | Kind::InsufficientScope => {
                tracing::info!(status, problem, cause, "credential refused")
            }
            _ => tracing::debug!(status, problem, cause, "request refused"),
        }
    }

    /// The answer, as the client gets it. `bare` leaves the document out, as for a `HEAD` request.
    pub(crate) fn render(
        self,
        instance: &str,
        correlation: &CorrelationId,
        bare: bool,
        mut answer: Response,
    ) -> Response {
        let mut document = json!({
            "type": self.0.kind.uri(),
            "title": self.0.kind.title(),
            "status": self.0.kind.status().as_u16(),
            "detail": self.0.detail,
            "instance": instance,
            "correlation_id": correlation.as_str(),
        });
        if let Some(object) = document.as_object_mut() {
            object.extend(self.0.members);
        }
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // The router counted the empty body.
        answer.headers_mut().remove(CONTENT_LENGTH);
        if !bare {
            *answer.body_mut() = Body::from(document.to_string());
        }
        answer
    }
}

impl IntoResponse for Problem {
    /// An answer without a body: [`Routes`](crate::Routes) writes the document into it, because only there the
    /// request's path and correlation id are known.
    fn into_response(mut self) -> Response {
        let mut response = self.0.kind.status().into_response();
        response.headers_mut().extend(std::mem::take(&mut self.0.headers));
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_type() {
        let types: HashSet<_> = Kind::ALL.iter().map(|kind| kind.uri()).collect();
        assert_eq!(types.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| kind.status().is_client_error() || kind.status().is_server_error()));
    }
}
