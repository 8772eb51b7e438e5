//! Everything on one port: `/mcp`, `/health`, `/metrics`, `/internal` for the functions, and the functions.

mod health;
mod internal;
mod local_host;
mod message;
mod metrics;
mod open_answers;
mod other_sites;
mod server;
mod sessions;
mod unread;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Extension, Json, Router};
use bulkhead_http_api::{Answered, Api, Audience, Kind, Limits, Peer, Problem, Routes, Variables};
use bulkhead_kernel::http::NoHttp;
use bulkhead_kernel::{Ports, Secret};
use bulkhead_native_adapters::Database;
use http::Uri;

use crate::auth::{Gate, Resource, ScopeGap};
use crate::config::{Authentication, McpConfig};
use crate::edge::EdgeRuntime;
use crate::mcp::McpHttp;
use crate::observability::Metrics;
use crate::sandbox::{DocumentLimits, LiveConnectors, OutboundClient};
use crate::worker::Worker;

use message::Endpoint;
pub use open_answers::OpenAnswers;
pub use server::{ServeError, bind, serve};
use sessions::Sessions;

/// What the host's own routes need.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<HostParts>);

/// The parts of a running host.
pub struct HostParts {
    /// The database, the time, randomness.
    pub ports: Ports,
    /// The same database, for its health.
    pub database: Database,
    /// The connectors.
    pub connectors: LiveConnectors,
    /// Runs jobs.
    pub worker: Worker,
    /// What is counted.
    pub metrics: Metrics,
    /// What functions prove themselves with.
    pub internal_key: Secret,
    /// The public URL and the keys of access tokens.
    pub variables: Arc<dyn Variables>,
    /// The functions, when this process serves them.
    pub edge: Option<EdgeRuntime>,
    /// Finds out who calls the MCP endpoint.
    pub(crate) gate: Arc<Gate>,
    /// Gets metadata documents of OAuth clients.
    pub(crate) documents: Documents,
    /// What the MCP endpoint has still to say.
    pub(crate) answers: OpenAnswers,
}

/// How documents are had that strangers name.
pub(crate) struct Documents {
    pub(crate) client: OutboundClient,
    pub(crate) limits: DocumentLimits,
}

impl Host {
    /// A host of these parts.
    #[must_use]
    pub fn new(parts: HostParts) -> Self {
        Self(Arc::new(parts))
    }
}

/// The whole port.
pub fn router(host: Host, mcp: McpHttp, config: &McpConfig) -> Router {
    let api = Api {
        ports: host.0.ports.clone(),
        host: Arc::new(local_host::LocalHost(host.0.worker.clone())),
        http: Arc::new(NoHttp),
        variables: host.0.variables.clone(),
        audience: Audience::Mcp,
        limits: Limits::default(),
    };
    let functions_api = api.clone();
    let own = Routes::new()
        .get("/health", health::brief)
        .get("/health/detailed", health::detailed)
        .get("/metrics", metrics::metrics)
        .post("/internal/v1/jobs/{id}/run", internal::run)
        .post("/internal/v1/jobs/{id}/cancel", internal::cancel)
        .post("/internal/v1/fetch-client-metadata", internal::fetch_client_metadata);
    let (metadata, gate) = (host.0.gate.resource().metadata(), host.0.gate.clone());
    let own = own.get(Resource::WELL_KNOWN, move || std::future::ready(Json(metadata.clone()))).get(
        "/.well-known/oauth-protected-resource/{*resource}",
        move |uri: Uri| {
            let found = gate.resource().metadata_at(uri.path()).map(Json);
            std::future::ready(found.ok_or_else(|| Problem::new(Kind::UnknownPath, "nothing has this path")))
        },
    );
    // Clients in a browser look for it from their own site.
    let own = own.for_other_sites(&[Resource::WELL_KNOWN, "/.well-known/oauth-protected-resource/{*resource}"]);
    let own = own.into_router(api.clone()).layer(Extension(host.clone()));
    let sessions = Sessions::new(config.max_sessions, Duration::from_secs(config.session_idle_seconds));
    // As a handler: as a service, it would be cloned with all its settings several times for every request.
    let endpoint = Endpoint { mcp, connectors: host.0.connectors.clone(), most: config.max_body_bytes };
    let endpoint = Arc::new(endpoint);
    let answer = move |request: Request| async move { endpoint.answer(request).await };
    let mcp = Router::new().route("/mcp", any(answer)).layer(from_fn_with_state(sessions, sessions::guard));
    let mcp = match config.authentication {
        Authentication::Required => mcp.layer(from_fn_with_state((api.clone(), host.0.gate.clone()), authenticate)),
        Authentication::Off => mcp,
    };
    // Before a credential is asked for: a browser that asks first sends none.
    let mcp = match other_sites::layer(&config.allowed_origins) {
        Some(layer) => mcp.layer(layer),
        None => mcp,
    };
    let mcp = mcp
        .layer(from_fn_with_state(api, bulkhead_http_api::answer))
        .layer(from_fn_with_state(host.0.answers.clone(), open_answers::count))
        .layer(from_fn(count(host.0.metrics.clone(), "mcp")));
    let router = own.layer(from_fn(count(host.0.metrics.clone(), "host"))).merge(mcp);
    let router = match host.0.edge.clone() {
        None => router,
        // What is not the host's own is the functions', also when they don't have it either. The runtime's own answers,
        // when no function gives one, get their correlation id and headers here as all others do.
        Some(edge) => {
            let functions = Router::new()
                .fallback(move |ConnectInfo(client), request: Request| async move {
                    let response = match edge.handle(request, client).await {
                        Ok(mut answer) => {
                            answer.extensions_mut().insert(Answered);
                            answer
                        }
                        Err(problem) => problem.into_response(),
                    };
                    host.0.metrics.answered("edge", response.status().as_u16());
                    response
                })
                .layer(from_fn_with_state(functions_api, bulkhead_http_api::answer));
            router.fallback_service(functions)
        }
    };
    router.layer(from_fn(unread::take_in))
}

/// Finds out who calls before the MCP endpoint reads anything else.
async fn authenticate(
    State((api, gate)): State<(Api, Arc<Gate>)>,
    request: Request,
    next: Next,
) -> Result<Response, bulkhead_http_api::Problem> {
    let (mut parts, body) = request.into_parts();
    let peer = parts
        .extensions
        .get()
        .map_or(Peer(None), |ConnectInfo(client): &ConnectInfo<SocketAddr>| Peer::at(client.ip()));
    parts.extensions.insert(peer);
    let caller = gate.caller(&api.ports, &parts).await?;
    let gap = ScopeGap::of(gate.clone());
    parts.extensions.insert(caller);
    parts.extensions.insert(gap.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    match gap.missing() {
        None => Ok(response),
        missing => Err(gate.resource().insufficient_scope(missing)),
    }
}

fn count(
    metrics: Metrics,
    door: &'static str,
) -> impl Fn(Request, Next) -> futures::future::BoxFuture<'static, Response> + Clone {
    move |request, next| {
        let metrics = metrics.clone();
        Box::pin(async move {
            let response = next.run(request).await;
            metrics.answered(door, response.status().as_u16());
            response
        })
    }
}
