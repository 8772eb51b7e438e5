//! Where an answer sends to.
//!
//! Nothing is followed by itself: a tool decides whether it goes there, and how often. What it then sends is a new
//! request, which carries nothing of the first one; whether the sandbox lets it pass is decided from the start.

use http::Uri;

use super::{HttpError, Request, Response};

/// The GET request that the answer to `request` redirects to, without headers. `None` when it does not redirect.
///
/// # Errors
/// [`HttpError::Redirect`] when the target is missing, is no http or https URL, carries a user, or would leave https.
pub fn redirection(url: &str, response: &Response) -> Result<Option<Request>, HttpError> {
    if !matches!(response.status(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let from: Uri = url.parse().map_err(|_| HttpError::InvalidRequest("it has no URL".to_owned()))?;
    let host = from.authority().map_or("", |authority| authority.as_str());
    // The target is not told: it may be signed, which makes it a secret.
    let refused = |reason: &str| HttpError::Redirect { host: host.to_owned(), reason: reason.to_owned() };
    let target = response.header("location").ok_or_else(|| refused("it names none"))?;
    let absolute = if target.starts_with('/') && !target.starts_with("//") {
        format!("{}://{host}{target}", from.scheme_str().unwrap_or("https"))
    } else {
        target.to_owned()
    };
    let to: Uri = absolute.parse().map_err(|_| refused("it is not a URL"))?;
    let authority = to.authority().ok_or_else(|| refused("it is not an absolute URL"))?;
    if authority.as_str().contains('@') {
        return Err(refused("it carries a user's name"));
    }
    match (from.scheme_str(), to.scheme_str()) {
        (_, Some("https")) | (Some("http"), Some("http")) => Ok(Some(Request::get(absolute))),
        (_, Some("http")) => Err(refused("it would leave https")),
        _ => Err(refused("it is neither https nor http")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(from: &str, status: u16, location: &str) -> Result<Option<String>, HttpError> {
        let response = Response::new(status, "").with_header("location", location);
        Ok(redirection(from, &response)?.map(|request| request.url().to_owned()))
    }

    #[test]
    fn a_redirection_is_a_new_request_without_headers() {
        for status in [301, 302, 303, 307, 308] {
            let found = target("https://a/x", status, "https://b:8443/y?sig=1");
            assert_eq!(found, Ok(Some("https://b:8443/y?sig=1".to_owned())));
        }
        assert_eq!(target("https://a/x", 302, "/y"), Ok(Some("https://a/y".to_owned())));
        assert_eq!(target("http://a:1/x", 302, "http://b:2/y"), Ok(Some("http://b:2/y".to_owned())));
        assert_eq!(target("https://a/x", 200, "https://b/"), Ok(None));
        assert_eq!(target("https://a/x", 304, "https://b/"), Ok(None));
        let response = Response::new(302, "").with_header("location", "https://b/");
        let request = redirection("https://a/", &response).expect("is followed").expect("redirects");
        assert!(request.headers().is_empty() && request.body_bytes().is_empty());
    }

    #[test]
    fn what_is_not_followed_is_refused_without_its_address() {
        for location in [
            "http://b/secret",
            "ftp://b/secret",
            "https://u:secret@b/",
            "secret",
            "//b/secret",
            "https:///secret",
            "h ttp",
        ] {
            let error = target("https://a/x", 302, location).expect_err(location);
            assert!(matches!(&error, HttpError::Redirect { host, .. } if host == "a"), "{error:?}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(redirection("https://a/x", &Response::new(302, "")).is_err());
    }
}
