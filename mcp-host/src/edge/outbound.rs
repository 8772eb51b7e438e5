//! Requests that a function makes: only to its allowed hosts, and never for longer than they may take.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::HOST;
use http::{Request, Response, Uri};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::allowed_hosts::AllowedHosts;
use super::config::EdgeLimits;
use super::error::EdgeError;

/// What `wasi:http/client` does for one component. Cheap to clone; connections are shared.
#[derive(Clone)]
pub(crate) struct OutboundHooks {
    allowed: Arc<AllowedHosts>,
    client: Client<Connector, WasiBody>,
    response_timeout: Duration,
}

impl OutboundHooks {
    /// A client that reaches nothing yet.
    pub(crate) fn new(limits: &EdgeLimits) -> Result<Self, EdgeError> {
        let tls = tls_builder()
            .and_then(|builder| builder.with_platform_verifier())
            .map_err(|error| EdgeError::Engine(error.to_string()))?;
        let connector = Connector {
            tls: TlsConnector::from(Arc::new(tls.with_no_client_auth())),
            timeout: limits.outbound_connect_timeout,
        };
        Ok(Self {
            allowed: Arc::default(),
            client: Client::builder(TokioExecutor::new()).build(connector),
            response_timeout: limits.outbound_response_timeout,
        })
    }

    /// The same client for a component with these hosts. Connections are kept apart, so that nothing a component does
    /// to one can reach another.
    pub(crate) fn restricted_to(&self, allowed: Arc<AllowedHosts>) -> Self {
        Self { allowed, ..self.clone() }
    }

    fn permits(&self, uri: &Uri) -> bool {
        let scheme = uri.scheme_str().unwrap_or("https");
        uri.host().is_some_and(|host| self.allowed.allows(scheme, host, uri.port_u16()))
    }
}

/// TLS as every outbound connection starts it; the caller chooses whom to trust.
pub(crate) fn tls_builder() -> Result<rustls::ConfigBuilder<rustls::ClientConfig, rustls::WantsVerifier>, rustls::Error>
{
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
}

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for OutboundHooks {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        if !self.permits(request.uri()) {
            tracing::warn!(
                uri_host = request.uri().host().unwrap_or(""),
                "a function asked for a host that it may not reach"
            );
            return Box::new(std::future::ready(Err(Error::HttpRequestDenied)));
        }
        // The client sets it from the address, which is what was checked.
        request.headers_mut().remove(HOST);
        let client = self.client.clone();
        let at_most = |asked: Option<Duration>, limit: Duration| asked.map_or(limit, |asked| asked.min(limit));
        let first_byte = at_most(options.and_then(|options| options.first_byte_timeout), self.response_timeout);
        let between_bytes = at_most(options.and_then(|options| options.between_bytes_timeout), self.response_timeout);
        Box::new(async move {
            let response = timeout(first_byte, client.request(request))
                .await
                .map_err(|_| Error::ConnectionReadTimeout)?
                .map_err(|error| error_of(&error))?;
            let response = response.map(|body| {
                TimedBody { body: body.map_err(Error::from).boxed_unsync(), timeout: between_bytes, timer: None }
                    .boxed_unsync()
            });
            Ok((response, Box::new(std::future::ready(Ok(()))) as Box<dyn Future<Output = _> + Send>))
        })
    }
}

/// Finds the cause that a function can act on.
fn error_of(error: &ClientError) -> Error {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<ConnectError>() {
            return match cause {
                ConnectError::Timeout => Error::ConnectionTimeout,
                ConnectError::Name(reason) => Error::DnsError { rcode: Some(reason.clone()), info_code: None },
                ConnectError::Refused => Error::ConnectionRefused,
                ConnectError::Unreachable(_) => Error::DestinationUnavailable,
                ConnectError::Tls(_) => Error::TlsProtocolError,
            };
        }
        if let Some(error) = cause.downcast_ref::<Error>() {
            return Error::InternalError(Some(format!("the request's body: {error}")));
        }
        source = cause.source();
    }
    if error.is_connect() { Error::ConnectionRefused } else { Error::HttpProtocolError }
}

#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("connecting took too long")]
    Timeout,
    #[error("the name can't be resolved: {0}")]
    Name(String),
    #[error("the connection was refused")]
    Refused,
    #[error("the host can't be reached: {0}")]
    Unreachable(io::Error),
    #[error("TLS failed: {0}")]
    Tls(String),
}

/// Connects, with TLS for https.
#[derive(Clone)]
struct Connector {
    tls: TlsConnector,
    timeout: Duration,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, ConnectError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { tls, timeout: limit } = self.clone();
        Box::pin(async move { timeout(limit, connect(tls, uri)).await.unwrap_or(Err(ConnectError::Timeout)) })
    }
}

async fn connect(tls: TlsConnector, uri: Uri) -> Result<TokioIo<Stream>, ConnectError> {
    let secure = uri.scheme_str() != Some("http");
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let addresses: Vec<_> = tokio::net::lookup_host((host.as_str(), port))
        .await
        .map_err(|error| ConnectError::Name(error.to_string()))?
        .collect();
    let stream = TcpStream::connect(&*addresses).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused,
        io::ErrorKind::TimedOut => ConnectError::Timeout,
        _ => ConnectError::Unreachable(error),
    })?;
    // Small requests must not wait for the acknowledgement of the packet before them.
    stream.set_nodelay(true).map_err(ConnectError::Unreachable)?;
    if !secure {
        return Ok(TokioIo::new(Stream::Plain(stream)));
    }
    let name = rustls::pki_types::ServerName::try_from(host).map_err(|error| ConnectError::Tls(error.to_string()))?;
    let stream = tls.connect(name, stream).await.map_err(|error| ConnectError::Tls(error.to_string()))?;
    Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A response body that must keep coming.
struct TimedBody {
    body: WasiBody,
    timeout: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.timer = None;
            return Poll::Ready(frame);
        }
        let limit = self.timeout;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        std::task::ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
