//! Pages for a person's browser: no script, no frame, nothing from elsewhere.

use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem;color:#1c2024;\
background:#fff}h1{font-size:1.4rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}\
dt{color:#60646c}dd{margin:0;overflow-wrap:anywhere}button,.go{font:inherit;display:inline-block;padding:.5rem 1rem;\
border:0;border-radius:.4rem;background:#1c2024;color:#fff;text-decoration:none;cursor:pointer}\
@media(prefers-color-scheme:dark){body{color:#edeef0;background:#111113}dt{color:#b0b4ba}button,.go{background:#edeef0;\
color:#111113}}";

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    status: StatusCode,
    title: String,
    body: Markup,
    next: Option<String>,
    cookies: Vec<HeaderValue>,
}

/// The policy of an answer that is a page.
#[derive(Clone)]
pub(crate) struct PagePolicy(HeaderValue);

impl Page {
    /// A page of this title, which is its heading too.
    #[must_use]
    pub fn new(status: StatusCode, title: impl Into<String>, body: Markup) -> Self {
        Self { status, title: title.into(), body, next: None, cookies: Vec::new() }
    }

    /// The same, from which the browser goes on to this address by itself. A redirect of a form's answer would need the
    /// policy to name every host on the way there.
    #[must_use]
    pub fn leading_to(self, url: impl Into<String>) -> Self {
        Self { next: Some(url.into()), ..self }
    }

    /// The same with a cookie, as `Set-Cookie` has it.
    #[must_use]
    pub fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let Self { status, title, body, next, cookies } = self;
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width";
                    @if let Some(next) = &next { meta http-equiv="refresh" content=(format!("0; url={next}")); }
                    title { (title) }
                    style { (maud::PreEscaped(STYLE)) }
                }
                body { h1 { (title) } (body) }
            }
        };
        let mut response = (status, Html(page.into_string())).into_response();
        for cookie in cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.extensions_mut().insert(PagePolicy(policy));
        }
        response
    }
}

impl PagePolicy {
    pub(crate) fn apply(self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_SECURITY_POLICY, self.0);
    }
}

/// The value of a cookie that the request has once. Two are a confusion that somebody may profit from.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(other, _)| *other == name).map(|(_, value)| value);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_there_once_or_not_at_all() {
        let with = |values: &[&'static str]| -> HeaderMap {
            values.iter().map(|value| (http::header::COOKIE, HeaderValue::from_static(value))).collect()
        };
        assert_eq!(cookie(&with(&["b=2; a=1"]), "a"), Some("1"));
        assert_eq!(cookie(&with(&["b=2", "a=1"]), "a"), Some("1"));
        for none in [&[][..], &["b=1"], &["a=1; a=2"], &["a=1", "a=1"], &["aa=1"]] {
            assert_eq!(cookie(&with(none), "a"), None, "{none:?}");
        }
    }

    #[test]
    fn what_is_put_into_a_page_is_escaped() {
        let page = Page::new(StatusCode::OK, "<script>", html! { p { ("\"><b>") } }).leading_to("https://a/?\"><b>");
        let Page { body, .. } = &page;
        assert_eq!(body.0, "<p>&quot;&gt;&lt;b&gt;</p>");
        let response = page.into_response();
        assert!(response.extensions().get::<PagePolicy>().is_some());
    }
}
