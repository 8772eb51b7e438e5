//! The headers that keep a browser from doing anything with an answer but what the API means.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue};

/// As OWASP's cheat sheets for REST and for HTTP headers recommend for answers that are data and never a page.
///
/// `X-XSS-Protection` is left out on purpose: the filter that it turned on could itself be abused, and browsers have
/// removed it. Browsers take `Strict-Transport-Security` over TLS only, so it does no harm on a developer's machine.
pub(crate) const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    // Answers belong to whoever holds the key: no cache may keep them.
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Sets those that a function has left out.
pub(crate) fn protect_further(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
}

/// Sets them, whatever a handler may have set.
pub(crate) fn protect(headers: &mut HeaderMap) {
    headers.extend(HEADERS);
}
