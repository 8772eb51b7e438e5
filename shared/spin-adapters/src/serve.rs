//! A router as a Spin function.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bulkhead_http_api::{Api, Audience, Limits, Peer, VariableError};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step};
use bulkhead_kernel::{Ports, Secret};
use http::{HeaderMap, HeaderName};
use send_wrapper::SendWrapper;
use spin_sdk::http::{Request, Response};
use tower_service::Service;

use crate::{SpinClock, SpinEntropy, SpinHostClient, SpinHttpClient, SpinVariables, log, open, variable};

/// Serves a request with a router that is made for it. Bodies are streamed in both directions, and the router's
/// extractors decide how much of the request's is read.
///
/// What the router reaches is read from the variables `database_url`, `host_url` and `internal_key` for each request
/// and kept by nobody, the latter two only where spin.toml gives them: Spin gives one instance many requests, at once too, and a rotated secret counts at once.
pub async fn serve(router: impl FnOnce(Api) -> Router, mut request: Request) -> Response<Body> {
    log::start();
    let peer = peer(request.headers());
    request.extensions_mut().insert(peer);
    let mut router = router(api().await);
    // A component has one thread: what axum wants to be able to send is never sent.
    match SendWrapper::new(router.call(request.map(Body::new))).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Spin and the embedded runtime set it, as address and port, whatever a client has sent.
const CLIENT: HeaderName = HeaderName::from_static("spin-client-addr");

fn peer(headers: &HeaderMap) -> Peer {
    let text = headers.get(CLIENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let address = text.parse::<SocketAddr>().map(|client| client.ip()).or_else(|_| text.parse());
    address.map_or(Peer(None), Peer::at)
}

async fn api() -> Api {
    let ports = Ports { sql: database().await, clock: Arc::new(SpinClock), entropy: Arc::new(SpinEntropy) };
    let (host, variables) = (Arc::new(host().await), Arc::new(SpinVariables));
    let http = Arc::new(SpinHttpClient);
    Api { ports, host, http, variables, audience: Audience::Rest, limits: Limits::default() }
}

async fn database() -> Arc<dyn Sql> {
    let opened = match variable("database_url").await {
        Ok(url) => open(&url).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    opened.unwrap_or_else(|reason| Arc::new(Unopened(reason)))
}

async fn host() -> SpinHostClient {
    match (variable("host_url").await, variable("internal_key").await) {
        (Ok(url), Ok(key)) => return SpinHostClient::new(&url, Secret::new(key)),
        // spin.toml gives the host's key only to functions that call it.
        (Err(VariableError::Undefined(_)), _) | (_, Err(VariableError::Undefined(_))) => {}
        // Jobs are recorded all the same, and the host finds them by itself.
        (Err(error), _) | (_, Err(error)) => tracing::warn!(%error, "the host can't be called"),
    }
    SpinHostClient::new("", Secret::new(String::new()))
}

/// A database that the configuration does not let us open. Every use of it says so, which makes an answer of the
/// usual form of what is the operator's mistake.
struct Unopened(String);

impl Unopened {
    fn refuse<T>(&self) -> Result<T, SqlError> {
        Err(SqlError::Unavailable(self.0.clone()))
    }
}

#[async_trait]
impl Sql for Unopened {
    async fn query(&self, _: Statement) -> Result<Vec<Row>, SqlError> {
        self.refuse()
    }

    async fn execute(&self, _: Statement) -> Result<u64, SqlError> {
        self.refuse()
    }

    async fn batch(&self, _: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        self.refuse()
    }
}
