//! The runtime that an embedder holds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use bulkhead_http_api::Problem;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime_wasi_http::handler::{InstantiationError, ProxyHandler, TrapOrPanicError};
use wasmtime_wasi_http::{Error, WasiBody};

use super::allowed_hosts::AllowedHosts;
use super::config::{EdgeConfig, EdgeLimits, LiveVariable};
use super::error::EdgeError;
use super::guest::{ComponentContext, Ticket};
use super::host::key_value::{KeyValueStorage, SqliteStorage};
use super::host::postgres::PostgresPools;
use super::host::sqlite::SqlitePool;
use super::manifest::{ComponentEntry, Manifest};
use super::outbound::OutboundHooks;
use super::problem::NoAnswer;
use super::request;
use super::routes::{Route, RouteMatch, Routes, WELL_KNOWN_PREFIX};
use super::variables::{ApplicationVariables, live_of_component};
use super::worker::FunctionHandler;
use super::{component, engine};
use crate::compile_cache::CompileCache;

/// The functions of one `spin.toml`, ready to answer. Cheap to clone.
#[derive(Clone)]
pub struct EdgeRuntime(Arc<Inner>);

struct Inner {
    application: String,
    routes: Routes,
    functions: BTreeMap<String, Function>,
    turns: Arc<Semaphore>,
    limits: Arc<EdgeLimits>,
}

struct Function {
    handler: ProxyHandler<FunctionHandler>,
    load_ms: u64,
}

/// How a component is, for a health check.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ComponentHealth {
    /// The component's id in `spin.toml`.
    pub id: String,
    /// Whether it can answer.
    pub status: &'static str,
    /// How long it took to read, compile and link it, in milliseconds.
    pub load_ms: u64,
}

impl EdgeRuntime {
    /// Reads the manifest and makes every component ready. This computes for seconds when a component is compiled for
    /// the first time, so an asynchronous caller runs it where that is allowed.
    ///
    /// # Errors
    /// When anything in the manifest or in a component can't be honoured; see [`EdgeError`].
    #[expect(clippy::disallowed_methods, reason = "variables of Spin come from SPIN_VARIABLE_NAME, as on Spin")]
    pub fn start(config: EdgeConfig) -> Result<Self, EdgeError> {
        let manifest = Manifest::read(&config.manifest)?;
        let routes = Routes::new(&manifest.triggers).map_err(|reason| EdgeError::Manifest {
            path: manifest.path.clone(),
            place: "[[trigger.http]]".into(),
            reason,
        })?;
        let variables =
            ApplicationVariables::resolve(&manifest.variables, &config.variables, |name| std::env::var(name).ok())?;
        let cache = CompileCache::new(&config.cache_dir).map_err(EdgeError::Cache)?;
        let limits = Arc::new(config.limits.clone());
        let (engine, epochs) = engine::start(&limits)?;
        let linker = component::linker(&engine)?;
        let shared = Shared {
            outbound: OutboundHooks::new(&limits)?,
            sqlite: Arc::new(SqlitePool::new(config.sqlite_default.clone(), &limits)),
            key_value: Arc::new(SqliteStorage::new(config.key_value_default.clone(), &limits)),
            limits: limits.clone(),
            variables,
            live: config.live.clone(),
        };
        let mut functions = BTreeMap::new();
        for (id, entry) in &manifest.components {
            let started = Instant::now();
            let context = Arc::new(shared.context(&manifest, id, entry)?);
            let service = component::load(id, entry, &linker, &cache)?;
            let handler =
                ProxyHandler::new(FunctionHandler { engine: engine.clone(), epochs: epochs.clone(), context, service });
            let load_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::debug!(component = id, load_ms, "function ready");
            functions.insert(id.clone(), Function { handler, load_ms });
        }
        let turns = Arc::new(Semaphore::new(limits.concurrent_requests));
        Ok(Self(Arc::new(Inner { application: manifest.application, routes, functions, turns, limits })))
    }

    /// Answers one request. `client` is the address that a function sees as `spin-client-addr`.
    ///
    /// The correlation id is a [`bulkhead_kernel::CorrelationId`] in the request's extensions, or the header of that
    /// name; the function sees it as that header.
    ///
    /// # Errors
    /// A [`Problem`] when no function answers.
    pub async fn handle(&self, request: Request<Body>, client: SocketAddr) -> Result<Response<Body>, Problem> {
        let correlation = request::correlation_id(&request);
        self.answer(request, client, correlation.as_deref()).await
    }

    async fn answer(
        &self,
        request: Request<Body>,
        client: SocketAddr,
        correlation: Option<&str>,
    ) -> Result<Response<Body>, Problem> {
        let path = request.uri().path().to_owned();
        if let Some(own) = path.strip_prefix(WELL_KNOWN_PREFIX) {
            return if own == "health" { Ok(Response::new(Body::from("OK"))) } else { Err(NoAnswer::NoRoute.into()) };
        }
        let found = self.0.routes.find(&path).ok_or(NoAnswer::NoRoute)?;
        let (request, too_large) =
            request::prepare(request, &found, client, correlation, self.0.limits.request_body_bytes)?;
        let turn = Arc::new(self.turn().await?);
        let result = self.call(&found, request, correlation, &turn).await;
        if too_large.load(Ordering::Relaxed) {
            return Err(NoAnswer::BodyTooLarge { limit: self.0.limits.request_body_bytes }.into());
        }
        Ok(result?.map(|body| Body::new(HeldBody { body, _turn: turn })))
    }

    /// Waits for this request's turn.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, NoAnswer> {
        let turn = tokio::time::timeout(self.0.limits.queue_timeout, self.0.turns.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(NoAnswer::Busy)
    }

    async fn call(
        &self,
        found: &RouteMatch<'_>,
        request: Request<WasiBody>,
        correlation: Option<&str>,
        turn: &Arc<OwnedSemaphorePermit>,
    ) -> Result<Response<WasiBody>, Problem> {
        let component = &found.route.component;
        let Some(function) = self.0.functions.get(component) else { return Err(NoAnswer::NoRoute.into()) };
        let (failure, failed) = oneshot::channel();
        let turn = (self.0.limits.requests_per_instance == 1).then(|| turn.clone());
        let told = Arc::new(AtomicBool::new(false));
        let ticket = Ticket { correlation: correlation.map(str::to_owned), failure, told: told.clone(), turn };
        let error = match function.handler.handle(ticket, request).await {
            Ok(response) => return Ok(response),
            // The worker itself is gone; why, it says when it has let go of the instance.
            Err(error) if error.is::<TrapOrPanicError>() => failed.await.unwrap_or(error),
            Err(error) => error,
        };
        let reason = match error.downcast_ref::<InstantiationError<Ticket>>() {
            Some(failed) => match NoAnswer::of_failure(&failed.error) {
                // Every slot is taken by an instance that still finishes its last request.
                NoAnswer::Failed if failed.error.is::<wasmtime::PoolConcurrencyLimitError>() => NoAnswer::Busy,
                reason => reason,
            },
            None => NoAnswer::of_failure(&error),
        };
        told.store(true, Ordering::Relaxed);
        Err(Problem::from(reason).caused_by(format_args!("function {component}: {error:?}")))
    }

    /// The application's name in `spin.toml`.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.0.application
    }

    /// Every route, most specific first.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        self.0.routes.all()
    }

    /// How each component is.
    #[must_use]
    pub fn components(&self) -> Vec<ComponentHealth> {
        // A runtime starts when all of them take requests, or not at all.
        let health = |(id, function): (&String, &Function)| ComponentHealth {
            id: id.clone(),
            status: "ready",
            load_ms: function.load_ms,
        };
        self.0.functions.iter().map(health).collect()
    }
}

/// What components are built from.
struct Shared {
    outbound: OutboundHooks,
    sqlite: Arc<SqlitePool>,
    key_value: Arc<dyn KeyValueStorage>,
    limits: Arc<EdgeLimits>,
    variables: ApplicationVariables,
    live: BTreeMap<String, LiveVariable>,
}

impl Shared {
    fn context(&self, manifest: &Manifest, id: &str, entry: &ComponentEntry) -> Result<ComponentContext, EdgeError> {
        let allowed = AllowedHosts::parse(&entry.allowed_outbound_hosts, &self.variables).map_err(|reason| {
            EdgeError::Manifest {
                path: manifest.path.clone(),
                place: format!("[component.{id}] allowed_outbound_hosts"),
                reason,
            }
        })?;
        let allowed = Arc::new(allowed);
        Ok(ComponentContext {
            id: id.to_owned(),
            limits: self.limits.clone(),
            environment: entry.environment.clone(),
            variables: self.variables.of_component(&manifest.path, id, &entry.variables)?,
            live: live_of_component(&self.live, &entry.variables),
            outbound: self.outbound.restricted_to(allowed.clone()),
            sqlite: (!entry.sqlite_databases.is_empty()).then(|| self.sqlite.clone()),
            key_value: (!entry.key_value_stores.is_empty()).then(|| self.key_value.clone()),
            // Pools are not shared between components, because Spin does not share them.
            postgres: Arc::new(PostgresPools::new(allowed, &self.limits)),
        })
    }
}

/// A response body that keeps its request's turn until it has been sent.
struct HeldBody {
    body: WasiBody,
    _turn: Arc<OwnedSemaphorePermit>,
}

impl http_body::Body for HeldBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
