//! A connector's way to the network, and the only one. The guest's idea of where it connects and what comes back is
//! never trusted:
//!
//! 1. `admit`: the request is counted, and a grant covers its scheme, host, port, method and path.
//! 2. `headers`: what a guest may not say is left out, or refused.
//! 3. `resolve`: the host's name is looked up, once.
//! 4. `address`: every address is one that the grant allows.
//! 5. `inject`: the credential whose audience is exactly this scheme, host and port is added.
//! 6. `connect`: to an address that was checked.
//! 7. `tls`: the other side proves to be the host that was named.
//! 8. The request is sent, its head and body counted (`body`).
//! 9. `response`: the head is capped and counted, sessions stay here.
//! 10. `decode`: the body is decompressed, capped in bytes and in ratio.
//! 11. `leak`: nothing of a credential comes back.
//!
//! A redirect is an answer like any other. If the guest follows it, its next request starts at 1.

mod address;
mod admit;
mod body;
mod connect;
mod deadline;
mod decode;
mod document;
mod failure;
mod headers;
mod inject;
mod leak;
mod resolve;
mod response;
mod tls;
mod traffic;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bulkhead_execution::EventLevel;
use bulkhead_kernel::Clock;
use http::response::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use self::admit::{Admission, admit};
use self::body::{AbortOnDrop, GuestBody, SentBody};
use self::connect::{Capped, Stream};
use self::deadline::Deadline;
pub(crate) use self::document::DocumentLimits;
use self::failure::{OutboundError, Stage};
pub(crate) use self::headers::can_carry_a_credential;
pub(crate) use self::inject::{Credentials, UnusableCredential};
use self::resolve::{BoundedResolver, Resolve, SystemResolver, resolve};
use self::response::{CheckedBody, receive};
pub use self::tls::TlsSetupError;
pub(crate) use self::tls::{certificate_authorities, connector as tls_connector};
pub(crate) use self::traffic::Traffic;
use self::traffic::{Counter, SharedTraffic};
use super::grants::{Destination, Grants};
use super::limits::{LimitName, Limits};

/// The least and the most that hyper keeps of what came and was not read yet.
const MIN_BUFFER: usize = 8 << 10;
const MAX_BUFFER: usize = 16 << 20;

/// What requests of all connectors share.
#[derive(Clone)]
pub(crate) struct OutboundClient {
    tls: TlsConnector,
    resolver: Arc<dyn Resolve>,
}

impl OutboundClient {
    /// A client that trusts what the operating system trusts, and the authorities in this PEM file, and looks up so many names
    /// at once.
    pub(crate) fn new(ca_file: Option<&Path>, lookups: usize) -> Result<Self, TlsSetupError> {
        let resolver = BoundedResolver::new(Arc::new(SystemResolver), lookups);
        Ok(Self { tls: tls::connector(ca_file)?, resolver: Arc::new(resolver) })
    }
}

/// What all requests of one call have in common.
#[derive(Clone)]
struct Call {
    grants: Arc<Grants>,
    /// What the organisation leaves of them; everything when absent.
    left: Option<Arc<Grants>>,
    client: OutboundClient,
    limits: Limits,
    credentials: Credentials,
    in_flight: Arc<Semaphore>,
    traffic: SharedTraffic,
}

/// The outgoing side of one call.
pub(crate) struct Outbound(Call);

impl Outbound {
    pub(crate) fn new(
        grants: Arc<Grants>,
        left: Option<Arc<Grants>>,
        client: OutboundClient,
        limits: Limits,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let places = usize::try_from(limits.requests_in_flight).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let in_flight = Arc::new(Semaphore::new(places));
        Self(Call { grants, left, client, limits, credentials, in_flight, traffic: SharedTraffic::new(clock) })
    }

    /// What was used up so far; the rest starts from nothing.
    pub(crate) fn take_traffic(&self) -> Traffic {
        self.0.traffic.take()
    }
}

type Finished = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(Response<WasiBody>, Finished), Error>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _guest_error: Finished,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let Self(call) = self;
        match admit(&request, (&call.grants, call.left.as_deref()), &call.limits, &call.in_flight, &call.traffic) {
            Err(error) => {
                call.traffic.note(&error);
                Box::new(std::future::ready(Err(error.into())))
            }
            Ok(admission) => Box::new(call.clone().answer(admission, request, options.unwrap_or_default())),
        }
    }
}

impl Call {
    /// Sends an admitted request, and tells how that went.
    async fn answer(self, admission: Admission, request: Request<WasiBody>, options: RequestOptions) -> Answer {
        let Admission { destination, place } = admission;
        let host = destination.origin.authority();
        let described = format!("{} {host}", request.method());
        let start = Instant::now();
        let answered = self.exchange(&destination, request, options).await;
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (status, level, message) = match &answered {
            Ok((parts, ..)) => {
                let status = parts.status.as_u16();
                if parts.status == StatusCode::UNAUTHORIZED {
                    self.traffic.note_refused(self.credentials.sent_to(&destination.origin));
                }
                (Some(status), EventLevel::Info, format!("{described} answered {status} in {ms} ms"))
            }
            Err(error) => (None, EventLevel::Warn, format!("{described} failed: {error}")),
        };
        self.traffic.event("outbound", level, message, json!({ "host": host, "status": status, "ms": ms }));
        let (parts, body, Connection { task, abort }) = answered.map_err(|error| {
            self.traffic.note(&error);
            Error::from(error)
        })?;
        let body = GuestBody::new(body, abort, place, self.traffic).boxed_unsync();
        let finished: Finished = Box::new(async move {
            // The connection ends when its body is dropped; how, is told by the body.
            let _ = task.await;
            Ok(())
        });
        Ok((Response::from_parts(parts, body), finished))
    }

    /// Steps 2 to 11.
    async fn exchange(
        &self,
        destination: &Destination,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(Parts, CheckedBody, Connection), OutboundError> {
        let limits = &self.limits;
        headers::prepare(&mut request, &destination.origin)?;
        // Without the credential, whose length is nobody's business.
        let head = headers::head_bytes(&request);
        let connecting =
            Deadline::new(options.connect_timeout, limits.connect_timeout, LimitName::ConnectMs, Stage::Connection);
        let stream = connecting.of(self.connect(destination, &mut request)).await?;

        self.traffic.count(Counter::Sent, head, limits.sent_bytes)?;
        let first_byte = Deadline::new(
            options.first_byte_timeout,
            limits.first_byte_timeout,
            LimitName::FirstByteMs,
            Stage::FirstByte,
        );
        let (response, connection) = first_byte.of(self.send(stream, request)).await?;

        let next_bytes = Deadline::new(
            options.between_bytes_timeout,
            limits.between_bytes_timeout,
            LimitName::BetweenBytesMs,
            Stage::NextBytes,
        );
        let (parts, body) = receive(response, next_bytes, self)?;
        Ok((parts, body, connection))
    }

    async fn connect(
        &self,
        destination: &Destination,
        request: &mut Request<WasiBody>,
    ) -> Result<Box<dyn Stream>, OutboundError> {
        let origin = &destination.origin;
        let addresses = resolve(self.client.resolver.as_ref(), origin).await?;
        address::check_all(&addresses, destination)?;
        self.credentials.inject(request, origin)?;
        let stream = connect::connect(&addresses).await?;
        if !origin.tls {
            return Ok(Box::new(stream));
        }
        Ok(Box::new(tls::secure(&self.client.tls, &origin.host, stream).await?))
    }

    async fn send(
        &self,
        stream: Box<dyn Stream>,
        request: Request<WasiBody>,
    ) -> Result<(Response<Incoming>, Connection), OutboundError> {
        let limit = self.limits.response_header_bytes;
        let of_hyper = |error: hyper::Error| OutboundError::of_hyper(&error, limit);
        let request = request.map(|body| SentBody::new(body, &self.limits, self.traffic.clone()));
        let mut client = http1::Builder::new();
        let head = usize::try_from(limit).unwrap_or(usize::MAX);
        client.max_header_size(head).max_buf_size(head.clamp(MIN_BUFFER, MAX_BUFFER));
        let (mut sender, connection) =
            client.handshake(TokioIo::new(Capped::new(stream, &self.limits))).await.map_err(of_hyper)?;
        let task = tokio::spawn(async move { drop(connection.await) });
        let connection = Connection { abort: AbortOnDrop(task.abort_handle()), task };
        Ok((sender.send_request(request).await.map_err(of_hyper)?, connection))
    }
}

/// The task that drives a connection. It ends with what holds this.
struct Connection {
    task: JoinHandle<()>,
    abort: AbortOnDrop,
}

#[cfg(test)]
mod tests;
