//! Whether it is the person at the browser who goes on.
//!
//! Whoever asked for a link gets the account that is connected by it. So who opens one need not be who asked. Where the
//! browser is signed in as the very user who did, it is; to everybody else a page names who did, and only a click on it goes
//! on. That click is the person's own when the form comes from the page that this very browser was given: it brings a cookie
//! that no other site can make or send along (`__Host-`, SameSite=Strict), and the form has what follows from the cookie.

use bulkhead_http_api::{Api, CsrfToken, Kind, Problem, browser_session};
use bulkhead_kernel::id::UserId;
use http::HeaderMap;
use http::header::HeaderName;

use crate::browser::FORM;

/// Browsers say with it that nobody looks at what they get.
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

/// Whether the user who asked for the link opens it, in a browser in which they are signed in.
pub(crate) async fn is_who_asked(headers: &HeaderMap, api: &Api, user: UserId) -> Result<bool, Problem> {
    // A link that a browser opens before anybody clicks on it must not be used up.
    if headers.contains_key(SEC_PURPOSE) {
        return Ok(false);
    }
    Ok(browser_session(headers, api).await?.is_some_and(|session| session.caller.user == user))
}

/// Whether a form was sent by the page that this browser was given.
pub(crate) async fn is_own(headers: &HeaderMap, api: &Api, check_of_form: &str) -> Result<bool, Problem> {
    let Some(cookie) = FORM.of(headers) else { return Ok(false) };
    match CsrfToken::of(cookie).check_form(headers, api, check_of_form).await {
        Ok(()) => Ok(true),
        Err(problem) if problem.kind() == Kind::CrossSite => {
            tracing::warn!(?problem, "a form is not our page's");
            Ok(false)
        }
        Err(problem) => Err(problem),
    }
}
