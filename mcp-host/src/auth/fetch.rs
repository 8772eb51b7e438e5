//! Getting a JSON document of the issuer's: one connection, no redirects, limits on time and size.

use bytes::Bytes;
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use crate::config::is_trustworthy;

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// What it is asked for with could be changed on the way.
    #[error("{0} is not https, nor on a loopback address")]
    Untrustworthy(Url),
    /// There is no connection.
    #[error("{url} can't be reached: {source}")]
    Unreachable { url: Url, source: std::io::Error },
    /// The answer is no HTTP.
    #[error("{url} does not answer as HTTP does: {source}")]
    Protocol { url: Url, source: hyper::Error },
    /// There is nothing, or not here: redirects are not followed.
    #[error("{url} answers with {status}")]
    Status { url: Url, status: StatusCode },
    /// It is larger than `oauth.max_document_bytes`.
    #[error("{url} is larger than oauth.max_document_bytes, {limit}")]
    TooLarge { url: Url, limit: usize },
    /// It breaks off.
    #[error("{0} breaks off")]
    Incomplete(Url),
    /// It is not the document that was looked for.
    #[error("{url} is not what it should be: {source}")]
    Malformed { url: Url, source: serde_json::Error },
}

/// Gets documents.
pub(super) struct Fetcher {
    tls: TlsConnector,
    max_bytes: usize,
}

impl Fetcher {
    pub(super) fn new(tls: TlsConnector, max_bytes: usize) -> Self {
        Self { tls, max_bytes }
    }

    /// The document at this URL. Its time is the caller's to limit.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, FetchError> {
        let bytes = self.bytes(url).await?;
        serde_json::from_slice(&bytes).map_err(|source| FetchError::Malformed { url: url.clone(), source })
    }

    async fn bytes(&self, url: &Url) -> Result<Bytes, FetchError> {
        let untrustworthy = || FetchError::Untrustworthy(url.clone());
        let unreachable = |source| FetchError::Unreachable { url: url.clone(), source };
        let (Some(host), Some(port), true) = (url.host(), url.port_or_known_default(), is_trustworthy(url)) else {
            return Err(untrustworthy());
        };
        // Without the brackets that an IPv6 address has in a URL.
        let host = match host {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
        if url.scheme() == "http" {
            return self.exchange(url, stream).await;
        }
        let name = ServerName::try_from(host).map_err(|_| untrustworthy())?;
        let stream = self.tls.connect(name, stream).await.map_err(unreachable)?;
        self.exchange(url, stream).await
    }

    async fn exchange<S>(&self, url: &Url, stream: S) -> Result<Bytes, FetchError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let protocol = |source| FetchError::Protocol { url: url.clone(), source };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(protocol)?;
        // It ends with the sender, which ends with this function.
        tokio::spawn(connection);
        let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("bulkhead/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(|_| FetchError::Untrustworthy(url.clone()))?;
        let (head, body) = sender.send_request(request).await.map_err(protocol)?.into_parts();
        if head.status != StatusCode::OK {
            return Err(FetchError::Status { url: url.clone(), status: head.status });
        }
        match Limited::new(body, self.max_bytes).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(FetchError::TooLarge { url: url.clone(), limit: self.max_bytes })
            }
            Err(_) => Err(FetchError::Incomplete(url.clone())),
        }
    }
}
