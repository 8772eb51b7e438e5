//! Requests, one connection each, so that nothing of one scenario's step is left for the next.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::leaks;
use crate::wait::PATIENCE;

/// A request to be sent.
#[derive(Debug)]
#[must_use]
pub struct Request {
    address: String,
    builder: http::request::Builder,
    body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Request {
    /// A request to `address`, which is host and port.
    pub fn new(address: &str, method: &str, path: &str) -> Self {
        let builder = http::Request::builder().method(method).uri(path);
        Self { address: address.to_owned(), builder, body: Bytes::new() }
    }

    /// With a query.
    pub fn query(mut self, query: &str) -> Self {
        let path = self.builder.uri_ref().map(ToString::to_string).unwrap_or_default();
        self.builder = self.builder.uri(format!("{path}?{query}"));
        self
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// With an API key.
    pub fn key(self, key: &str) -> Self {
        leaks::note(key);
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// With a body.
    pub fn body(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// With a body that is declared as JSON, whatever it is.
    pub fn declared_json(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        leaks::note_json(&self.body);
        self.header("content-type", "application/json")
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.declared_json(body.to_string())
    }

    /// Sends it.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(self) -> Reply {
        let shown = format!("{:?} {:?}", self.builder.method_ref(), self.builder.uri_ref());
        self.try_send().await.unwrap_or_else(|error| panic!("{shown}: {error:#}"))
    }

    /// Sends it to a host that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(self) -> anyhow::Result<Reply> {
        tokio::time::timeout(PATIENCE, self.exchange()).await?
    }

    async fn exchange(mut self) -> anyhow::Result<Reply> {
        let has_host = self.builder.headers_ref().is_some_and(|headers| headers.contains_key("host"));
        if !has_host {
            self.builder = self.builder.header("host", &self.address);
        }
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(self.builder.body(Full::new(self.body))?).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        leaks::note_json(&body);
        if parts.status.is_client_error() || parts.status.is_server_error() {
            leaks::note_refusal(&body);
        }
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}

impl Reply {
    /// A header, empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Every value of a header.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.text()))
    }

    /// The messages of an event stream, or the one of a JSON answer.
    ///
    /// # Panics
    /// When one is not JSON.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        if !self.header("content-type").starts_with("text/event-stream") {
            return vec![self.json()];
        }
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        data.filter(|data| !data.is_empty())
            .map(|data| serde_json::from_str(data).expect("an event holds a message"))
            .collect()
    }

    /// The body as JSON, of an answer with this status.
    ///
    /// # Panics
    /// When the status is another one.
    #[must_use]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The problem document (RFC 9457) of an answer with this status.
    ///
    /// # Panics
    /// When the answer is another one.
    #[must_use]
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["correlation_id"], self.header("x-correlation-id"));
        problem
    }
}
