//! The shapes of answers: tokens, and errors (RFC 6749, sections 5.1 and 5.2).

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{Code, Failure, OAuthError, Parameters};
use bulkhead_http_api::{Api, FormBytes, Problem};
use bulkhead_identity::Tokens;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// A form of OAuth's parameters.
pub(super) struct Form(pub(super) Parameters);

impl FromRequest<Api> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let FormBytes(bytes) = FormBytes::from_request(request, api).await?;
        Ok(Self(Parameters::parse(&bytes)))
    }
}

/// The one `Authorization` header of a client. Two are none, and then it did not prove to be itself.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let refused = || OAuthError::new(Code::InvalidClient, "the Authorization header can not be read");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| refused()),
        (Some(_), Some(_)) => Err(refused()),
    }
}

/// What the client gets.
pub(super) fn tokens(tokens: &Tokens) -> Value {
    json!({
        "access_token": tokens.access.expose(),
        "token_type": "Bearer",
        "expires_in": tokens.expires_in.as_secs(),
        "refresh_token": tokens.refresh.expose(),
        "scope": tokens.scopes.as_text(),
    })
}

/// An answer, or a refusal in OAuth's words. What is our fault is a problem, as everywhere.
pub(super) fn answer(result: Result<Response, Failure>) -> Result<Response, Problem> {
    match result {
        Ok(response) => Ok(response),
        Err(Failure::Refused(error)) => Ok(refusal(&error)),
        Err(Failure::Keys(error)) => Err(Problem::misconfigured(error)),
        Err(Failure::Sql(error)) => Err(error.into()),
    }
}

/// The status of a refusal.
pub(super) const fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidClient => StatusCode::UNAUTHORIZED,
        Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn refusal(error: &OAuthError) -> Response {
    tracing::debug!(error = error.code.as_str(), cause = %error.description, "request refused");
    let body = json!({ "error": error.code.as_str(), "error_description": error.description });
    let mut response = (status(error.code), Json(body)).into_response();
    match error.code {
        Code::InvalidClient => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"bulkhead\""));
        }
        Code::TemporarilyUnavailable => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        _ => {}
    }
    response
}
