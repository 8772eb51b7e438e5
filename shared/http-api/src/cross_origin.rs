//! What pages of other sites may read (CORS: the Fetch standard, section 3.2).
//!
//! OAuth clients that run in a browser find and use the authorization server from their own site. What they use takes no cookie,
//! so any site may read its answers; browsers send no cookie along for `*`, and show nothing if one was.

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::{HeaderMap, HeaderValue};

/// What such a page may send beyond what every page may: a client's own credential, and the header of MCP's clients.
const SENT: HeaderValue = HeaderValue::from_static("authorization, content-type, mcp-protocol-version");

/// What it may read beyond the body.
const READ: HeaderValue =
    HeaderValue::from_static("www-authenticate, retry-after, ratelimit, ratelimit-policy, x-correlation-id");

/// For how many seconds a browser need not ask again. None keeps it for longer than two hours.
const KEPT: HeaderValue = HeaderValue::from_static("7200");

/// Says to a browser that asks before it sends: these methods, with these headers.
pub(crate) fn allow(headers: &mut HeaderMap, methods: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    headers.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
}

/// Lets any site read an answer, a refusal too.
pub(crate) async fn show(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    response
}
