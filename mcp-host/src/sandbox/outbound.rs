//! A connector's way to the network: grant, one DNS resolution, address check, connection to the checked address,
//! capped bodies. The guest's idea of where it connects is never trusted further than the grant.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bulkhead_execution::{EventLevel, NewEvent};
use bulkhead_kernel::Clock;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::Host;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::grants::{Destination, Grants, is_public};
use super::limits::{LimitExceeded, LimitName, Limits};

/// How long a connection may take to be made, whatever the guest asks for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What requests of all connectors share.
#[derive(Clone)]
pub(crate) struct OutboundClient {
    tls: tokio_rustls::TlsConnector,
}

impl OutboundClient {
    /// A client that trusts what the operating system trusts.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        use rustls_platform_verifier::BuilderVerifierExt;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(config).into() })
    }
}

/// What one call's requests used up, and what to tell about them.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) exceeded: Option<LimitExceeded>,
    pub(crate) events: Vec<NewEvent>,
}

/// The outgoing side of one call.
pub(crate) struct Outbound {
    grants: Arc<Grants>,
    client: OutboundClient,
    limits: Limits,
    clock: Arc<dyn Clock>,
    traffic: Arc<Mutex<Traffic>>,
}

fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Outbound {
    pub(crate) fn new(grants: Arc<Grants>, client: OutboundClient, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self { grants, client, limits, clock, traffic: Arc::default() }
    }

    /// What was used up so far; the rest starts from nothing.
    pub(crate) fn take_traffic(&self) -> Traffic {
        std::mem::take(&mut *lock(&self.traffic))
    }

    /// Counts the request and finds its destination.
    fn admit(&self, request: &Request<WasiBody>) -> Result<Destination, Error> {
        let mut traffic = lock(&self.traffic);
        if traffic.requests >= self.limits.outbound_requests {
            let limit = self.limits.outbound_requests;
            traffic.exceeded.get_or_insert(LimitExceeded { name: LimitName::OutboundRequests, limit });
            return Err(Error::HttpRequestDenied);
        }
        traffic.requests += 1;
        let uri = request.uri();
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        self.grants.allow(request.method(), uri).ok_or_else(|| {
            // Without the path and query: those may hold what is private.
            let method = request.method();
            let message = format!("Refused {method} {scheme}://{authority}: the connector was not granted it");
            let event = NewEvent::info("outbound", message, self.clock.now()).at_level(EventLevel::Warn);
            traffic.events.push(event);
            Error::HttpRequestDenied
        })
    }
}

type Answer = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _guest_error: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let destination = match self.admit(&request) {
            Ok(destination) => destination,
            Err(error) => return Box::new(std::future::ready(Err(error))),
        };
        let (client, traffic) = (self.client.clone(), self.traffic.clone());
        let (limits, clock) = (self.limits, self.clock.clone());
        Box::new(async move {
            let start = Instant::now();
            let described = format!("{} {}", request.method(), destination.authority());
            let answer = exchange(&client, &destination, request, options, &traffic, limits).await;
            let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            let host = destination.authority();
            let event = match &answer {
                Ok((response, _)) => {
                    let status = response.status().as_u16();
                    NewEvent::info("outbound", format!("{described} answered {status} in {ms} ms"), clock.now())
                        .with_data(serde_json::json!({ "host": host, "status": status, "ms": ms }))
                }
                Err(error) => NewEvent::info("outbound", format!("{described} failed: {error}"), clock.now())
                    .at_level(EventLevel::Warn)
                    .with_data(serde_json::json!({ "host": host, "status": null, "ms": ms })),
            };
            lock(&traffic).events.push(event);
            answer
        })
    }
}

async fn exchange(
    client: &OutboundClient,
    destination: &Destination,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
    traffic: &Arc<Mutex<Traffic>>,
    limits: Limits,
) -> Answer {
    let options = options.unwrap_or_default();
    let connect_timeout = options.connect_timeout.unwrap_or(CONNECT_TIMEOUT).min(CONNECT_TIMEOUT);
    let connected = tokio::time::timeout(connect_timeout, connect(client, destination)).await;
    let stream = connected.map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = prepare(request, destination, traffic, limits)?;
    let io = tokio::spawn(connection);
    let abort = AbortOnDrop(io.abort_handle());
    let first_byte_timeout = options.first_byte_timeout.unwrap_or(limits.wall_time).min(limits.wall_time);
    let response = tokio::time::timeout(first_byte_timeout, sender.send_request(request))
        .await
        .map_err(|_| Error::ConnectionReadTimeout)??;
    let response = response.map(|body| {
        let body = Counted::new(body.map_err(Error::from), traffic.clone(), limits.received_bytes, Direction::Received);
        Holding { body, _abort: abort }.boxed_unsync()
    });
    let finished: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async move {
        // The connection ends when its body is dropped; how, is told by the body.
        let _ = io.await;
        Ok(())
    });
    Ok((response, finished))
}

/// Makes the guest's request into the one that is sent: origin form, our `Host`, counted body.
fn prepare(
    request: Request<WasiBody>,
    destination: &Destination,
    traffic: &Arc<Mutex<Traffic>>,
    limits: Limits,
) -> Result<Request<Counted<WasiBody>>, Error> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    parts.version = Version::HTTP_11;
    let host = HeaderValue::from_str(&destination.authority()).map_err(|_| Error::HttpRequestUriInvalid)?;
    parts.headers.insert(header::HOST, host);
    let body = Counted::new(body, traffic.clone(), limits.sent_bytes, Direction::Sent);
    Ok(Request::from_parts(parts, body))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(client: &OutboundClient, destination: &Destination) -> Result<Box<dyn Stream>, Error> {
    let addresses = resolve(destination).await?;
    if !destination.private && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(Error::DestinationIpProhibited);
    }
    let mut last = Error::DestinationNotFound;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Small requests should leave at once.
                stream.set_nodelay(true).map_err(Error::Connect)?;
                if !destination.tls {
                    return Ok(Box::new(stream));
                }
                let name = ServerName::try_from(destination.host.to_string()).map_err(|_| Error::TlsProtocolError)?;
                let stream = client.tls.connect(name, stream).await.map_err(Error::Tls)?;
                return Ok(Box::new(stream));
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => last = Error::ConnectionRefused,
            Err(error) => last = Error::Connect(error),
        }
    }
    Err(last)
}

/// The host's addresses, asked for once: what is checked is what is connected to.
async fn resolve(destination: &Destination) -> Result<Vec<SocketAddr>, Error> {
    let port = destination.port;
    match &destination.host {
        Host::Ipv4(address) => Ok(vec![(*address, port).into()]),
        Host::Ipv6(address) => Ok(vec![(*address, port).into()]),
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name.as_str(), port)).await;
            let addresses: Vec<_> = found.map_err(|_| Error::DnsError { rcode: None, info_code: None })?.collect();
            if addresses.is_empty() { Err(Error::DestinationNotFound) } else { Ok(addresses) }
        }
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Sent,
    Received,
}

/// A body whose bytes count against a limit of the whole call.
struct Counted<B> {
    body: B,
    traffic: Arc<Mutex<Traffic>>,
    limit: u64,
    direction: Direction,
}

impl<B> Counted<B> {
    fn new(body: B, traffic: Arc<Mutex<Traffic>>, limit: u64, direction: Direction) -> Self {
        Self { body, traffic, limit, direction }
    }

    fn count(&self, bytes: usize) -> Result<(), Error> {
        let mut traffic = lock(&self.traffic);
        let (counter, name) = match self.direction {
            Direction::Sent => (&mut traffic.sent, LimitName::SentBytes),
            Direction::Received => (&mut traffic.received, LimitName::ReceivedBytes),
        };
        *counter += bytes as u64;
        if *counter <= self.limit {
            return Ok(());
        }
        traffic.exceeded.get_or_insert(LimitExceeded { name, limit: self.limit });
        Err(match self.direction {
            Direction::Sent => Error::HttpRequestBodySize(Some(self.limit)),
            Direction::Received => Error::HttpResponseBodySize(Some(self.limit)),
        })
    }
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Counted<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && let Err(error) = self.count(data.len())
        {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body that ends its connection when the guest lets go of it.
struct Holding<B> {
    body: B,
    _abort: AbortOnDrop,
}

impl<B: Body + Unpin> Body for Holding<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }
}
