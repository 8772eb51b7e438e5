//! Pages for people: no script, one style, and a policy that lets a browser run nothing else.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{max-width:26rem;margin:10vh auto;padding:0 1rem}\
label{display:block;margin:1rem 0 0}\
input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem}\
button{font:inherit;margin:1.5rem .5rem 0 0;padding:.5rem 1.5rem}\
[role=alert]{border-left:.25rem solid #c33;padding-left:.75rem}\
code{overflow-wrap:anywhere}";

/// A page. Its text was escaped when it was made.
#[derive(Clone, Debug)]
#[must_use]
pub struct Page {
    status: StatusCode,
    text: String,
    forms_to: Vec<String>,
}

/// Marks an answer as a page, with its content security policy.
#[derive(Clone, Debug)]
pub(crate) struct PagePolicy(HeaderValue);

impl Page {
    /// A page with this title and content.
    pub fn new(title: &str, content: &Markup) -> Self {
        let text = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " · Bulkhead" }
                    style { (PreEscaped(STYLE)) }
                }
                body { main { h1 { (title) } (content) } }
            }
        };
        Self { status: StatusCode::OK, text: text.into_string(), forms_to: Vec::new() }
    }

    /// A page that goes on to another at once: for where a redirect won't do, since browsers hold the redirects of a form
    /// against the policy of the page that had it.
    pub fn forward(title: &str, path: &str) -> Self {
        let text = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="refresh" content={ "0; url=" (path) };
                    title { (title) " · Bulkhead" }
                    style { (PreEscaped(STYLE)) }
                }
                body { main { h1 { (title) } p { a href=(path) { "Continue" } } } }
            }
        };
        Self { status: StatusCode::OK, text: text.into_string(), forms_to: Vec::new() }
    }

    /// The same with another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
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
        policy.push_str("; base-uri 'none'; frame-ancestors 'none'");
        let mut response = Response::new(Body::from(self.text));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
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
