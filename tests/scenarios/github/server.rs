//! A small HTTP server that remembers what it was asked.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) type Answer = Response<Full<Bytes>>;
type Handler = Arc<dyn Fn(Seen) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Seen {
    /// The header's value, empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A server on a port of its own. It ends with this value.
pub(crate) struct Server {
    /// Host and port.
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

/// An answer with these headers.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let builder =
        headers.iter().fold(Response::builder().status(status), |builder, (name, value)| builder.header(*name, *value));
    builder.body(Full::new(body.into())).expect("is an answer")
}

impl Server {
    /// Starts one that answers by this function.
    pub(crate) async fn start<F, A>(handler: F) -> Self
    where
        F: Fn(Seen) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address").to_string();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let handler: Handler = Arc::new(move |seen| Box::pin(handler(seen)));
        let serving = tokio::spawn(serve(listener, Arc::clone(&seen), handler));
        Self { address, seen, serving }
    }

    /// Starts one that gives these answers in turn.
    pub(crate) async fn in_turn(answers: impl IntoIterator<Item = Answer>) -> Self {
        let left = Arc::new(Mutex::new(answers.into_iter().collect::<std::collections::VecDeque<_>>()));
        Self::start(move |_| {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            std::future::ready(next.unwrap_or_else(|| answer(418, &[], "nobody expected this request")))
        })
        .await
    }

    /// What came so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, seen: Arc<Mutex<Vec<Seen>>>, handler: Handler) {
    // They end with this set.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
        let service = service_fn(move |request: Request<Incoming>| {
            let (seen, handler) = (Arc::clone(&seen), Arc::clone(&handler));
            async move {
                let (parts, body) = request.into_parts();
                let one = Seen {
                    method: parts.method.to_string(),
                    path: parts.uri.to_string(),
                    headers: parts.headers,
                    body: body.collect().await?.to_bytes(),
                    at: Instant::now(),
                };
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(one.clone());
                Ok::<_, hyper::Error>(handler(one).await)
            }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
