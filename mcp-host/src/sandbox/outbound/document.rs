//! A document at a URL that a stranger has chosen, such as the metadata of an OAuth client: from public addresses alone, by
//! TLS, without following redirects, and neither long nor much.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, HOST, USER_AGENT};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use url::{Position, Url};

use super::resolve::resolve;
use super::{MIN_BUFFER, OutboundClient, OutboundError, address, connect, tls};
use crate::sandbox::grants::{Destination, Origin};

/// How much a document may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DocumentLimits {
    /// Its size: bytes.
    pub(crate) bytes: usize,
    /// From the beginning to its last byte.
    pub(crate) time: Duration,
}

/// A document.
#[derive(Debug, PartialEq)]
pub(crate) struct Document {
    pub(crate) text: String,
    /// How long its server says that it may be kept.
    pub(crate) max_age: Option<Duration>,
}

/// Why there is none. For the log: whoever chose the URL is told nothing of where it led.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    /// It is not https, has a user, or no host.
    #[error("the URL is not one of a document")]
    Address,
    /// There is no connection, or there may be none.
    #[error("there is no connection: {0}")]
    Connection(#[from] OutboundError),
    /// The answer is not HTTP, or broke off.
    #[error("the answer is no HTTP, too large, or broke off")]
    Answer,
    /// It is another answer than the document.
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    /// It took too long.
    #[error("it took too long")]
    Timeout,
}

impl OutboundClient {
    /// The document at this URL. `private` addresses are for tests.
    pub(crate) async fn document(
        &self,
        url: &Url,
        limits: DocumentLimits,
        private: bool,
    ) -> Result<Document, DocumentError> {
        let fetched = tokio::time::timeout(limits.time, self.fetch_document(url, limits.bytes, private));
        fetched.await.unwrap_or(Err(DocumentError::Timeout))
    }

    async fn fetch_document(&self, url: &Url, most: usize, private: bool) -> Result<Document, DocumentError> {
        let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        let (Some(host), Some(port), true) = (url.host(), url.port_or_known_default(), plain) else {
            return Err(DocumentError::Address);
        };
        let origin = Origin { tls: true, host: host.to_owned(), port };
        let destination = Destination { origin, private };
        let addresses = resolve(self.resolver.as_ref(), &destination.origin).await?;
        address::check_all(&addresses, &destination)?;
        let stream = connect::connect(&addresses).await?;
        let stream = tls::secure(&self.tls, &destination.origin.host, stream).await?;
        let mut client = http1::Builder::new();
        client.max_buf_size(MIN_BUFFER);
        let broken = |_| DocumentError::Answer;
        let (mut sender, connection) = client.handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // It ends with the sender, which ends with this function.
        tokio::spawn(async move { drop(connection.await) });
        let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("bulkhead/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|_| DocumentError::Address)?;
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        if head.status != StatusCode::OK {
            return Err(DocumentError::Status(head.status));
        }
        let bytes = Limited::new(body, most).collect().await.map_err(|_| DocumentError::Answer)?.to_bytes();
        let text = String::from_utf8(bytes.into()).map_err(|_| DocumentError::Answer)?;
        Ok(Document { text, max_age: max_age(&head.headers) })
    }
}

/// `max-age` of `Cache-Control` (RFC 9111, section 5.2.2.1).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = lines.flat_map(|line| line.split(','));
    let seconds = directives.find_map(|directive| {
        let (name, value) = directive.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse().ok())?
    })?;
    Some(Duration::from_secs(seconds))
}
