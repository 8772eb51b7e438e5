//! Whether it is the person at the browser who goes on.
//!
//! Whoever asked for a link gets the account that is connected by it. So who opens one need not be who asked: a page names
//! who did, and only a click on it goes on. That click is the person's own when the form comes from the page that this very
//! browser was given: it brings a cookie that no other site can make or send along (`__Host-`, SameSite=Strict), and the
//! form has the cookie's hash.

use bulkhead_http_api::cookie;
use http::HeaderMap;
use http::header::{HeaderName, ORIGIN};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::browser::FORM;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the form has for a cookie.
pub(crate) fn check(cookie: &str) -> String {
    hex::encode(Sha256::digest(cookie))
}

/// Whether a form was sent by the page that this browser was given.
pub(crate) fn is_own(headers: &HeaderMap, check_of_form: &str, public_url: &str) -> bool {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or_default());
    let same_origin = text(ORIGIN).is_none_or(|origin| origin == public_url);
    let same_site = text(FETCH_SITE).is_none_or(|site| site == "same-origin");
    let bound = cookie(headers, FORM).is_some_and(|cookie| {
        let (expected, given) = (check(cookie), check_of_form.as_bytes());
        bool::from(expected.as_bytes().ct_eq(given))
    });
    same_origin && same_site && bound
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://bulkhead.example.com";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_form_is_the_pages_own_or_refused() {
        let cookie = ("cookie", "__Host-bulkhead-oauth-form=abc");
        let good = check("abc");
        assert!(is_own(&headers(&[cookie]), &good, URL));
        assert!(is_own(&headers(&[cookie, ("origin", URL), ("sec-fetch-site", "same-origin")]), &good, URL));
        for refused in [
            &[][..],
            &[("cookie", "__Host-bulkhead-oauth-form=abd")],
            &[("cookie", "bulkhead-oauth-form=abc")],
            &[cookie, ("origin", "https://evil.example.com")],
            &[cookie, ("origin", "null")],
            &[cookie, ("sec-fetch-site", "cross-site")],
            &[cookie, ("sec-fetch-site", "same-site")],
        ] {
            assert!(!is_own(&headers(refused), &good, URL), "{refused:?}");
        }
        assert!(!is_own(&headers(&[cookie]), "", URL));
    }
}
