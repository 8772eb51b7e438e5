//! Browsers: a session in a cookie, and the proof that a request comes from a page of ours.
//!
//! A browser sends its cookies along with whatever request any site makes it send. So a cookie counts for a request that
//! changes something only with two proofs: the browser says that a page of this origin sent it, and the request carries a
//! token that is bound to the session and that no other site can read.

use bulkhead_identity::{AuthenticateError, OpaqueToken, authenticate_browser};
use bulkhead_kernel::{Caller, Secret};
use http::header::{HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Api, HostCookie, Kind, Problem};

/// The cookie of a session.
pub const SESSION_COOKIE: &str = "__Host-session";

/// The cookie in which a page's script finds the token that proves where its requests come from.
pub const CSRF_COOKIE: &str = "__Host-csrf";

const SESSION: HostCookie = HostCookie::lax(SESSION_COOKIE);
const CSRF: HostCookie = HostCookie::strict(CSRF_COOKIE).readable();

/// The header in which it sends it.
pub const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// Who, where, and by which session.
    pub caller: Caller,
    csrf: CsrfToken,
}

/// What a form or a request of a browser with a cookie carries. It follows from the cookie, which does not follow from it.
#[derive(Clone, Debug)]
pub struct CsrfToken(Secret);

impl CsrfToken {
    /// The token that goes with this cookie.
    #[must_use]
    pub fn of(cookie: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update("bulkhead csrf v1\0");
        hash.update(cookie);
        let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self(Secret::new(digits))
    }

    /// The token, for a form of a page that goes to the session's browser alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Checks that a form was sent from a page of ours, in the browser that has the cookie.
    ///
    /// # Errors
    /// The problem `cross-site`.
    pub async fn check_form(&self, headers: &HeaderMap, api: &Api, presented: &str) -> Result<(), Problem> {
        check_same_origin(headers, api).await?;
        if self.is(presented) { Ok(()) } else { Err(cross_site("the form lacks the token of its browser's cookie")) }
    }

    fn is(&self, presented: &str) -> bool {
        self.0.expose().as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl BrowserSession {
    /// What its forms carry, as the field `csrf`.
    #[must_use]
    pub fn csrf(&self) -> &CsrfToken {
        &self.csrf
    }

    /// Checks that a form was sent from a page of ours, for this session.
    ///
    /// # Errors
    /// The problem `cross-site`.
    pub async fn check_form(&self, headers: &HeaderMap, api: &Api, presented: &str) -> Result<(), Problem> {
        self.csrf.check_form(headers, api, presented).await
    }
}

/// The session of the browser that sends this request; nothing when it has none that goes on.
///
/// # Errors
/// A problem when that can't be found out.
pub async fn browser_session(headers: &HeaderMap, api: &Api) -> Result<Option<BrowserSession>, Problem> {
    let Some(cookie) = SESSION.of(headers) else { return Ok(None) };
    match authenticate_browser(&api.ports, cookie).await {
        Ok(caller) => Ok(Some(BrowserSession { caller, csrf: CsrfToken::of(cookie) })),
        Err(AuthenticateError::Sql(error)) => Err(error.into()),
        Err(AuthenticateError::Invalid(_) | AuthenticateError::Token(_)) => Ok(None),
    }
}

/// The caller of a request that has no `Authorization` header and a session's cookie.
pub(crate) async fn caller(parts: &Parts, api: &Api) -> Result<Caller, Problem> {
    let session = browser_session(&parts.headers, api).await?;
    let session =
        session.ok_or_else(|| Problem::unauthenticated("no Authorization header, and no session's cookie"))?;
    if !parts.method.is_safe() {
        let presented = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        session.check_form(&parts.headers, api, presented).await?;
    }
    Ok(session.caller)
}

/// Checks that a browser sends this request from a page of ours. Browsers tell it in `Sec-Fetch-Site` over TLS and on their
/// own machine, and in `Origin` everywhere.
///
/// # Errors
/// The problem `cross-site`, also when neither is told: then it is no browser, which needs none of this.
pub async fn check_same_origin(headers: &HeaderMap, api: &Api) -> Result<(), Problem> {
    let one = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
    };
    if headers.contains_key(FETCH_SITE) {
        return match one(&FETCH_SITE) {
            Some("same-origin") => Ok(()),
            _ => Err(cross_site("Sec-Fetch-Site is not same-origin")),
        };
    }
    let ours = api.public_url().await?;
    let origin = ours.split('/').take(3).collect::<Vec<_>>().join("/");
    match one(&ORIGIN) {
        Some(presented) if presented.eq_ignore_ascii_case(&origin) => Ok(()),
        _ => Err(cross_site("neither Sec-Fetch-Site nor Origin is ours")),
    }
}

fn cross_site(reason: &str) -> Problem {
    Problem::new(
        Kind::CrossSite,
        "a browser's session changes something from a page of this installation alone; programs send an Authorization header",
    )
    .caused_by(reason)
}

/// What sets a session's cookies, for as many seconds as it lasts. `Lax` lets a link from another site find its user signed
/// in, which an OAuth client's link to the consent page is.
#[must_use]
pub fn session_cookies(token: &OpaqueToken, seconds: u64) -> Vec<HeaderValue> {
    let csrf = CsrfToken::of(token.expose());
    [SESSION.set(token.expose(), seconds), CSRF.set(csrf.expose(), seconds)].into_iter().flatten().collect()
}

/// What removes them.
#[must_use]
pub fn no_session_cookies() -> [HeaderValue; 2] {
    [SESSION.forget(), CSRF.forget()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_forms_is_bound_to_the_cookie() {
        let token = CsrfToken::of("bhb_1");
        assert!(token.is(CsrfToken::of("bhb_1").expose()));
        assert!(!token.is(CsrfToken::of("bhb_2").expose()) && !token.is(""));
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn what_removes_cookies_names_those_that_are_set() {
        let names =
            no_session_cookies().map(|value| value.to_str().expect("text").split('=').next().map(str::to_owned));
        assert_eq!(names, [Some(SESSION_COOKIE.to_owned()), Some(CSRF_COOKIE.to_owned())]);
    }
}
