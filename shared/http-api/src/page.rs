//! Pages for people: one style, no script but where a browser needs one for passkeys, and a policy that lets it run nothing
//! else.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, REFERRER_POLICY, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::Problem;

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{max-width:26rem;margin:10vh auto;padding:0 1rem}\
label{display:block;margin:1rem 0 0}\
input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}\
dd{margin:0;overflow-wrap:anywhere}\
button,.go{font:inherit;margin:1.5rem .5rem 0 0;padding:.5rem 1.5rem}\
[role=alert]{border-left:.25rem solid #c33;padding-left:.75rem}\
code{overflow-wrap:anywhere}";

/// A page. What is put into it is escaped.
#[derive(Clone, Debug)]
#[must_use]
pub struct Page {
    status: StatusCode,
    title: String,
    content: Markup,
    next: Option<String>,
    forms_to: Vec<String>,
    cookies: Vec<HeaderValue>,
    script: Option<&'static str>,
}

/// Marks an answer as a page, with its content security policy.
#[derive(Clone, Debug)]
pub(crate) struct PagePolicy(HeaderValue);

impl Page {
    /// A page with this title and content.
    pub fn new(title: &str, content: Markup) -> Self {
        let (next, forms_to, cookies) = (None, Vec::new(), Vec::new());
        Self { status: StatusCode::OK, title: title.to_owned(), content, next, forms_to, cookies, script: None }
    }

    /// A page that goes on to another at once: for where a redirect won't do, since browsers hold the redirects of a form
    /// against the policy of the page that had it.
    pub fn forward(title: &str, path: &str) -> Self {
        Self::new(title, html! { p { a href=(path) { "Continue" } } }).leading_to(path)
    }

    /// The same, from which the browser goes on to this address by itself.
    pub fn leading_to(self, url: impl Into<String>) -> Self {
        Self { next: Some(url.into()), ..self }
    }

    /// The same with a cookie, as `Set-Cookie` has it.
    pub fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The same with these cookies.
    pub fn with_cookies(self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        cookies.into_iter().fold(self, Self::with_cookie)
    }

    /// The page as the answer to what was refused: with the problem's status, and its headers, such as when to try again.
    pub fn refusing(self, problem: &Problem) -> Response {
        (problem.headers().clone(), self.with_status(problem.kind().status())).into_response()
    }

    /// The same with another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with this script, and no other; it may send requests to this installation alone. Nothing of a request may be
    /// part of it.
    pub fn with_script(self, script: &'static str) -> Self {
        Self { script: Some(script), ..self }
    }

    /// The same, whose forms may lead to this origin too, by a redirect: such as `https://client.example.com`.
    pub fn with_form_target(mut self, origin: &str) -> Self {
        self.forms_to.push(origin.to_owned());
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let mut policy = format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'self'");
        for origin in self.forms_to.iter().filter(|origin| !origin.contains([' ', ';', ',', '\''])) {
            policy.push(' ');
            policy.push_str(origin);
        }
        if let Some(script) = self.script {
            let script = STANDARD.encode(Sha256::digest(script));
            policy.push_str(&format!("; script-src 'sha256-{script}'; connect-src 'self'"));
        }
        policy.push_str("; base-uri 'none'; frame-ancestors 'none'");
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if let Some(next) = &self.next { meta http-equiv="refresh" content={ "0; url=" (next) }; }
                    title { (self.title) " · Bulkhead" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main { h1 { (self.title) } (self.content) }
                    @if let Some(script) = self.script { script { (PreEscaped(script)) } }
                }
            }
        };
        let mut response = Response::new(Body::from(page.into_string()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        for cookie in self.cookies {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        if let Ok(policy) = HeaderValue::try_from(policy) {
            response.extensions_mut().insert(PagePolicy(policy));
        }
        response
    }
}

impl PagePolicy {
    /// Sets what is different for a page: its policy, and a referrer for our own pages, without which a browser would send
    /// its forms with `Origin: null`.
    pub(crate) fn apply(self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_SECURITY_POLICY, self.0);
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    }
}
