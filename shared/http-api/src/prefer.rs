//! `Prefer: wait=N` (RFC 7240).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Api;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// How long the client prefers to wait for the end of what it starts, up to the configured limit; zero when it does
/// not say. A preference that makes no sense is no preference, as the standard has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Wait {
    /// The header that tells the client what was done about its preference; none when it had none.
    #[must_use]
    pub fn applied(self) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::from_str(&format!("wait={}", self.0.as_secs())).ok()?;
        (!self.0.is_zero()).then_some((HeaderName::from_static("preference-applied"), value))
    }
}

impl FromRequestParts<Api> for Wait {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        Ok(Self(preferred(&parts.headers).min(api.limits.wait)))
    }
}

/// The first `wait` of all `Prefer` headers; later ones don't count.
fn preferred(headers: &HeaderMap) -> Duration {
    let lines = headers.get_all(PREFER).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).find_map(wait).flatten().unwrap_or_default()
}

/// `Some` when this preference is `wait`, with its seconds when they are some.
fn wait(preference: &str) -> Option<Option<Duration>> {
    // Parameters behind a semicolon would refine the preference; `wait` has none.
    let preference = preference.split(';').next()?;
    let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
    if !name.trim().eq_ignore_ascii_case("wait") {
        return None;
    }
    let digits = value.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(None);
    }
    // More seconds than fit are more than any limit.
    Some(Some(Duration::from_secs(digits.parse().unwrap_or(u64::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(lines: &[&'static str]) -> u64 {
        let headers = lines.iter().map(|line| (PREFER, HeaderValue::from_static(line))).collect();
        preferred(&headers).as_secs()
    }

    #[test]
    fn wait_is_found_among_other_preferences() {
        assert_eq!(seconds(&["wait=10"]), 10);
        assert_eq!(seconds(&["respond-async, WAIT = 10"]), 10);
        assert_eq!(seconds(&["respond-async; foo=\"bar\"", "wait=\"7\"; x=y"]), 7);
        assert_eq!(seconds(&["wait=99999999999999999999999"]), u64::MAX);
    }

    #[test]
    fn the_first_of_two_counts() {
        assert_eq!(seconds(&["wait=3, wait=9"]), 3);
        assert_eq!(seconds(&["wait=oops", "wait=9"]), 0);
    }

    #[test]
    fn nonsense_is_no_preference() {
        for line in ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=+1", "waiting=4", "respond-async", ",;=,"] {
            assert_eq!(seconds(&[line]), 0, "{line}");
        }
    }

    #[test]
    fn what_is_applied_is_said_and_nothing_else() {
        let (name, value) = Wait(Duration::from_secs(30)).applied().expect("a header");
        assert_eq!((name.as_str(), value.as_bytes()), ("preference-applied", &b"wait=30"[..]));
        assert!(Wait(Duration::ZERO).applied().is_none());
    }
}
