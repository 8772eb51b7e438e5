//! One request and its answer.

use axum::body::Body;
use bulkhead_http_api::Peer;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::Harness;

/// A request that is being put together.
#[must_use]
pub struct Call<'a> {
    harness: &'a Harness,
    request: Request<Body>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(harness: &'a Harness, method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        Self { harness, request }
    }

    /// With this credential.
    pub fn key(self, key: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {key}"))
    }

    /// From this address, as whatever serves requests tells.
    pub fn from(mut self, address: &str) -> Self {
        let peer = Peer::at(address.parse().expect("an address"));
        self.request.extensions_mut().insert(peer);
        self
    }

    /// With one more header.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    /// With one more header, of whatever bytes a server lets through.
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        self.request.headers_mut().append(name, HeaderValue::from_bytes(value).expect("a header's value"));
        self
    }

    /// With this body and content type.
    pub fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends it, and checks what must be true of every answer.
    ///
    /// # Panics
    /// When the answer is not what the function's description says.
    pub async fn send(self) -> Answer {
        let (method, path) = (self.request.method().clone(), self.request.uri().path().to_owned());
        let router = (self.harness.router)(self.harness.api.clone());
        let response = router.oneshot(self.request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body that is all there").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let mut answer = Answer { status: parts.status, headers: parts.headers, json: Value::Null, text };
        answer.json = match answer.text.as_str() {
            "" => Value::Null,
            page if answer.is_page() => Value::String(page.to_owned()),
            json => serde_json::from_str(json).expect("JSON"),
        };
        answer.check_headers(&path);
        self.harness.contract.check(&method, &path, &answer);
        answer
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null when it has none, a string when it is a page.
    pub json: Value,
    /// Its body as text.
    pub text: String,
}

impl Answer {
    /// Whether it is a page for people.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    /// A header's text; empty when it is absent.
    ///
    /// # Panics
    /// When it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Checks that this is a problem of this status and kind, such as `unknown-job`.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn refused(self, status: u16, kind: &str) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        assert_eq!(self.json["type"], format!("urn:bulkhead:problem:{kind}"), "{}", self.json);
        self
    }

    /// Checks that this is a refusal in OAuth's words, of this status.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn oauth_error(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.json["error"].as_str()), (status, Some(code)), "{}", self.json);
        self
    }

    /// Checks that this has this status.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self
    }

    /// The places that a problem's faults name, sorted: pointers into the body, or query parameters.
    ///
    /// # Panics
    /// When it has no faults.
    #[must_use]
    pub fn faults(&self) -> Vec<&str> {
        let faults = self.json["faults"].as_array().expect("faults");
        let place = |fault: &'_ Value| fault.get("pointer").is_some();
        let mut places: Vec<_> = faults
            .iter()
            .map(|fault| fault[if place(fault) { "pointer" } else { "parameter" }].as_str().expect("a place"))
            .collect();
        places.sort_unstable();
        places
    }

    /// What every answer must have, whatever it says.
    fn check_headers(&self, path: &str) {
        let expected = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("x-xss-protection", ""),
        ];
        for (name, value) in expected {
            assert_eq!(self.header(name), value, "{name}");
        }
        let (policy, referrer) = (self.header("content-security-policy"), self.header("referrer-policy"));
        if self.is_page() {
            let parts: Vec<_> = policy.split("; ").collect();
            let has = |part: &str| parts.iter().any(|given| given == &part);
            let sane = has("default-src 'none'") && has("base-uri 'none'") && has("frame-ancestors 'none'");
            assert!(sane && !policy.contains("unsafe") && !self.text.contains(" style="), "{policy}: {}", self.text);
            // Browsers ask passkeys for a script alone, which the policy allows by its hash.
            let scripts = self.text.matches("<script").count();
            let for_passkeys = ["/sign-in", "/sign-in/passkey", "/passkeys"].contains(&path);
            assert!(scripts == 0 || (scripts == 1 && for_passkeys), "{}", self.text);
            assert_eq!(policy.matches("script").count(), scripts, "{policy}");
            assert_eq!(has("connect-src 'self'") && policy.contains("; script-src 'sha256-"), scripts == 1, "{policy}");
            assert_eq!(referrer, "same-origin");
        } else {
            assert_eq!((policy, referrer), ("default-src 'none'; frame-ancestors 'none'", "no-referrer"));
        }
        let correlation = self.header("x-correlation-id");
        assert!((1..=64).contains(&correlation.len()), "x-correlation-id is {correlation:?}");
        let failed = self.status.is_client_error() || self.status.is_server_error();
        if failed && self.header("content-type") == "application/json" {
            // An endpoint of OAuth, whose clients look for this (RFC 6749, section 5.2).
            assert!(self.json["error"].is_string(), "{}", self.json);
        } else if failed && !self.is_page() {
            assert_eq!(self.header("content-type"), "application/problem+json");
            if !self.json.is_null() {
                assert_eq!(self.json["correlation_id"], correlation);
                assert_eq!(self.json["status"], self.status.as_u16());
            }
        }
    }
}
