//! Turns an incoming request into what a function sees on Spin.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bulkhead_kernel::CorrelationId;
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, WasiBody};

use super::problem::NoAnswer;
use super::routes::RouteMatch;

/// The correlation id of a request: what the embedder put into its extensions, else a sane header.
pub(crate) fn correlation_id(request: &Request<Body>) -> Option<String> {
    let extension = request.extensions().get::<CorrelationId>().cloned();
    let header = || request.headers().get(CorrelationId::HEADER)?.to_str().ok().and_then(CorrelationId::parse);
    extension.or_else(header).map(|id| id.to_string())
}

/// The request for the function, and whether its body turned out too large.
pub(crate) fn prepare(
    request: Request<Body>,
    found: &RouteMatch<'_>,
    client: SocketAddr,
    correlation: Option<&str>,
    body_limit: usize,
) -> Result<(Request<WasiBody>, Arc<AtomicBool>), NoAnswer> {
    let (mut parts, body) = request.into_parts();
    if body.size_hint().lower() > u64::try_from(body_limit).unwrap_or(u64::MAX) {
        return Err(NoAnswer::BodyTooLarge { limit: body_limit });
    }
    parts.uri = absolute(parts.uri, &parts.headers)?;
    set_headers(&mut parts.headers, &parts.uri, found, client, correlation);
    let too_large = Arc::new(AtomicBool::new(false));
    let body = CappedBody { body, left: body_limit, limit: body_limit, too_large: too_large.clone() };
    Ok((Request::from_parts(parts, body.boxed_unsync()), too_large))
}

/// Gives the address its scheme and host, as Spin does.
fn absolute(uri: Uri, headers: &HeaderMap) -> Result<Uri, NoAnswer> {
    let mut parts = uri.into_parts();
    let header = headers.get(HOST).map(|value| value.to_str().ok().and_then(|host| host.parse::<Authority>().ok()));
    parts.authority = match (header, parts.authority) {
        (Some(Some(header)), Some(authority)) if header != authority => return Err(NoAnswer::BadHost),
        (Some(None), _) | (None, None) => return Err(NoAnswer::BadHost),
        (Some(Some(authority)), _) | (None, Some(authority)) => Some(authority),
    };
    parts.scheme = Some(Scheme::HTTP);
    Uri::from_parts(parts).map_err(|_| NoAnswer::BadHost)
}

/// Sets Spin's own headers. A client must not be able to forge one, so those it sent go first.
fn set_headers(
    headers: &mut HeaderMap,
    uri: &Uri,
    found: &RouteMatch<'_>,
    client: SocketAddr,
    correlation: Option<&str>,
) {
    let forged: Vec<HeaderName> = headers.keys().filter(|name| is_spins(name.as_str())).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
    // Transport information: it means something between the client and this server only.
    headers.remove(CONNECTION);
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    };
    set("spin-full-url", &uri.to_string());
    set("spin-path-info", &found.path_info);
    set("spin-matched-route", found.route.route.strip_suffix('/').unwrap_or(&found.route.route));
    set("spin-raw-component-route", &found.route.route);
    set("spin-component-route", found.prefix());
    set("spin-base-path", "/");
    set("spin-client-addr", &client.to_string());
    for (name, value) in &found.named {
        set(&format!("spin-path-match-{}", name.to_ascii_lowercase().replace('_', "-")), value);
    }
    if let Some(correlation) = correlation {
        set(CorrelationId::HEADER, correlation);
    }
}

fn is_spins(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "full-url",
        "path-info",
        "matched-route",
        "raw-component-route",
        "component-route",
        "base-path",
        "client-addr",
    ];
    name.strip_prefix("spin-").is_some_and(|rest| NAMES.contains(&rest) || rest.starts_with("path-match-"))
}

/// A body that ends in an error when it is larger than it may be.
struct CappedBody {
    body: Body,
    left: usize,
    limit: usize,
    too_large: Arc<AtomicBool>,
}

impl http_body::Body for CappedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(Error::InternalError(Some(error.to_string()))))),
            Some(Ok(frame)) => frame,
        };
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = self.left.checked_sub(length) else {
            self.too_large.store(true, Ordering::Relaxed);
            let limit = u64::try_from(self.limit).ok();
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(limit))));
        };
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
