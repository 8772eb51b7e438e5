//! A request, built step by step.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;

use super::{HttpError, Response, transport};

/// A request. What is wrong with one is told by [`send`](Self::send).
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    url: String,
    uri: Option<Uri>,
    headers: HeaderMap,
    body: Vec<u8>,
    timeout: Duration,
    response_limit: u64,
    fault: Option<String>,
}

impl Request {
    /// How long to wait for a connection, for the first byte and between bytes, unless the request says otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);
    /// The most bytes of an answer's body, unless the request says otherwise.
    pub const DEFAULT_RESPONSE_LIMIT: u64 = 8 * 1024 * 1024;

    /// A request to an absolute `http` or `https` URL.
    #[must_use]
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            uri: None,
            headers: HeaderMap::new(),
            body: Vec::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            response_limit: Self::DEFAULT_RESPONSE_LIMIT,
            fault: None,
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST request.
    #[must_use]
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// Adds parameters to the URL's query.
    #[must_use]
    pub fn query<'a>(mut self, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let encoded = encode(parameters);
        if !encoded.is_empty() {
            self.url.push(if self.url.contains('?') { '&' } else { '?' });
            self.url.push_str(&encoded);
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
            }
            _ => self.fault = Some(format!("{name} is not a header, or its value is none")),
        }
        self
    }

    /// Sets the body, without saying what it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to a form (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.content("application/x-www-form-urlencoded", encode(fields))
    }

    /// Sets the body to JSON.
    #[must_use]
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.content("application/json", body),
            Err(error) => {
                self.fault = Some(error.to_string());
                self
            }
        }
    }

    /// Sets how long to wait for a connection, for the first byte and between bytes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the most bytes of the answer's body.
    #[must_use]
    pub fn response_limit(mut self, bytes: u64) -> Self {
        self.response_limit = bytes;
        self
    }

    /// Sends the request and waits for the whole answer. An answer of any status is an answer.
    ///
    /// # Errors
    /// [`HttpError`] when there is none.
    pub fn send(mut self) -> Result<Response, HttpError> {
        if let Some(fault) = self.fault.take() {
            return Err(HttpError::InvalidRequest(fault));
        }
        let uri: Uri = self.url.parse().map_err(|_| HttpError::InvalidRequest(format!("{} is not a URL", self.url)))?;
        if uri.authority().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(HttpError::InvalidRequest(format!("{} is not an absolute http or https URL", self.url)));
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(HttpError::InvalidRequest("a URL must not carry a user's name or password".to_owned()));
        }
        self.uri = Some(uri);
        transport::send(&self)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL with its query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host, with the port where the URL names one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.as_ref().and_then(Uri::authority).map_or("", |authority| authority.as_str())
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.as_ref().map_or("", Uri::path)
    }

    /// The parameters of the URL's query and, of a form, the body's.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        let query = self.uri.as_ref().and_then(Uri::query).unwrap_or("");
        let form = self.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        let body = if form { self.body.as_slice() } else { &[] };
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(body));
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    fn content(mut self, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        self.body = body.into();
        self
    }
}

/// What the component's transport needs, and nobody else.
#[cfg(target_family = "wasm")]
impl Request {
    pub(super) fn uri(&self) -> Option<&Uri> {
        self.uri.as_ref()
    }

    pub(super) fn wait(&self) -> Duration {
        self.timeout
    }

    pub(super) fn limit(&self) -> u64 {
        self.response_limit
    }
}

fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Host;

    fn sent(request: Request) -> Result<Response, HttpError> {
        Host::new().respond(|request| Ok(Response::new(200, request.url()))).run(|| request.send()).0
    }

    #[test]
    fn parameters_are_encoded_and_appended() {
        let request = Request::get("http://h/p").query([("a", "1 &")]).query([("b", "ü")]);
        assert_eq!(sent(request).expect("answers").text(), "http://h/p?a=1+%26&b=%C3%BC");
    }

    #[test]
    fn a_request_that_is_none_is_refused_before_it_leaves() {
        for url in ["", "/p", "ftp://h/", "http://", "http://a b/", "http://user:password@h/"] {
            let refused = sent(Request::get(url));
            assert!(matches!(refused, Err(HttpError::InvalidRequest(_))), "{url}: {refused:?}");
        }
        let refused = sent(Request::get("http://h/").header("a b", "c"));
        assert!(matches!(refused, Err(HttpError::InvalidRequest(_))), "{refused:?}");
        let refused = sent(Request::get("http://h/").header("a", "b\r\nc: d"));
        assert!(matches!(refused, Err(HttpError::InvalidRequest(_))), "{refused:?}");
    }

    #[test]
    fn without_a_host_nothing_is_granted() {
        let refused = Request::get("http://h:9/").send();
        assert_eq!(refused, Err(HttpError::NotGranted { host: "h:9".into() }));
    }
}
