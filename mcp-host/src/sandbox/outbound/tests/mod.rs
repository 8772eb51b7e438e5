//! The whole pipeline against real servers on this machine.

mod credentials;
mod destinations;
mod document;
mod encodings;
mod limits;
mod server;
mod tls;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use async_trait::async_trait;
use bulkhead_kernel::{Secret, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::{Empty, Full};

use super::*;
use crate::sandbox::credentials::{BoundCredential, CredentialBinding, Injection};
use crate::sandbox::grants::{Grant, Origin};

/// The credential of these tests. It holds what each encoding writes differently.
const SECRET: &str = "s3cr3t/value+with=\"all\" & more\\%";

struct Standstill;

impl Clock for Standstill {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
}

/// A resolver that gives one answer after the other, and remembers what it was asked.
#[derive(Default)]
struct Answers {
    answers: Mutex<VecDeque<Vec<SocketAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Answers {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().expect("an address")).collect();
        Arc::new(Self { answers: Mutex::new(answers.iter().map(parse).collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("a lock").clone()
    }
}

#[async_trait]
impl Resolve for Answers {
    async fn resolve(&self, name: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        self.asked.lock().expect("a lock").push(name.to_owned());
        let answer = self.answers.lock().expect("a lock").pop_front();
        match answer {
            Some(answer) => Ok(answer),
            None => std::future::pending().await,
        }
    }
}

/// One call's outgoing side, with what a test wants of it.
struct Caller {
    outbound: Outbound,
}

struct Setup {
    grants: Vec<Grant>,
    limits: Limits,
    bindings: Vec<CredentialBinding>,
    values: Vec<BoundCredential>,
    ca_file: Option<std::path::PathBuf>,
    resolver: Arc<dyn Resolve>,
}

impl Setup {
    /// Every method and path at these URLs.
    fn at(urls: &[&str]) -> Self {
        let methods = ["GET".to_owned(), "POST".to_owned(), "HEAD".to_owned()];
        let grants = urls.iter().map(|url| Grant::at_url(url, &methods, None).expect("a grant")).collect();
        Self {
            grants,
            limits: Limits::default(),
            bindings: Vec::new(),
            values: Vec::new(),
            ca_file: None,
            resolver: Arc::new(SystemResolver),
        }
    }

    fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    fn resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    fn trusting(self, ca_file: &Path) -> Self {
        Self { ca_file: Some(ca_file.to_owned()), ..self }
    }

    /// With the secret, for this URL's origin.
    fn credential(mut self, audience: &str, injection: Injection) -> Self {
        let name = format!("token{}", self.bindings.len());
        let (audience, _) = Origin::of_url(audience).expect("a URL");
        let description = "A token.".to_owned();
        self.bindings.push(CredentialBinding { name: name.clone(), description, audience, required: true, injection });
        self.values.push(BoundCredential { name, value: Secret::new(SECRET.to_owned()) });
        self
    }

    fn bearer(self, audience: &str) -> Self {
        let injection = Injection::Header { name: http::header::AUTHORIZATION, prefix: "Bearer ".to_owned() };
        self.credential(audience, injection)
    }

    fn caller(self) -> Caller {
        let tls = crate::sandbox::outbound::tls::connector(self.ca_file.as_deref()).expect("TLS can be set up");
        let client = OutboundClient { tls, resolver: self.resolver };
        let credentials = Credentials::new(&self.bindings, &self.values).expect("usable credentials");
        let grants = Arc::new(Grants::new(self.grants));
        Caller { outbound: Outbound::new(grants, None, client, self.limits, credentials, Arc::new(Standstill)) }
    }
}

/// A whole answer.
#[derive(Debug)]
struct Whole {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
}

impl Whole {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What came of a body before it ended, and how it did.
type Partly = (Vec<u8>, Result<Option<HeaderMap>, Error>);

async fn read(mut body: WasiBody) -> Partly {
    let (mut got, mut trailers) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => got.extend_from_slice(&data),
            Ok(Err(frame)) => trailers = frame.into_trailers().ok(),
            Err(error) => return (got, Err(error)),
        }
    }
    (got, Ok(trailers))
}

fn request(method: Method, url: &str) -> http::request::Builder {
    Request::builder().method(method).uri(url)
}

impl Caller {
    async fn start(&mut self, request: http::request::Builder, body: &str) -> Result<Response<WasiBody>, Error> {
        self.start_with(request, body, RequestOptions::default()).await
    }

    async fn start_with(
        &mut self,
        request: http::request::Builder,
        body: &str,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let body: WasiBody = if body.is_empty() {
            Empty::new().map_err(Error::from).boxed_unsync()
        } else {
            Full::new(Bytes::copy_from_slice(body.as_bytes())).map_err(Error::from).boxed_unsync()
        };
        let request = request.body(body).expect("a request");
        let sent = self.outbound.send_request(request, Some(options), Box::new(std::future::ready(Ok(()))));
        let (response, finished) = Box::into_pin(sent).await?;
        // As WASI does: somebody waits for the connection's end.
        tokio::spawn(Box::into_pin(finished));
        Ok(response)
    }

    async fn send(&mut self, request: http::request::Builder) -> Result<Whole, Error> {
        let (parts, body) = self.start(request, "").await?.into_parts();
        let (body, end) = read(body).await;
        Ok(Whole { status: parts.status.as_u16(), headers: parts.headers, body, trailers: end? })
    }

    async fn get(&mut self, url: &str) -> Result<Whole, Error> {
        self.send(request(Method::GET, url)).await
    }

    /// Why a request fails, in the guest's words, and which limit it was, if it was one.
    async fn failure(&mut self, url: &str) -> (String, Option<LimitName>) {
        let error = self.get(url).await.map(|whole| whole.text()).expect_err("it fails");
        let exceeded = self.outbound.take_traffic().exceeded;
        (error.to_string(), exceeded.map(|exceeded| exceeded.name))
    }
}
