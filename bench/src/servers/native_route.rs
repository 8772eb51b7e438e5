//! A function's route as native code: the same use case, extractors and layers, on the same SQLite file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{
    Api, Audience, Correlation, HostClient, HostError, Limits, Problem, Query, Routes, RunReply, collection,
};
use bulkhead_kernel::http::NoHttp;
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::{Caller, CorrelationId, Page, Ports};
use bulkhead_native_adapters::{Options, OsEntropy, SystemClock, connect};
use http::Uri;

/// The route. The database is the one that the measured product has migrated and filled.
///
/// # Errors
/// When the database can't be opened.
pub(super) async fn router(database: &Path) -> anyhow::Result<Router> {
    let database = connect(&format!("sqlite:{}", database.display()), &Options::default()).await?;
    let ports = Ports { sql: database.sql(), clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    let variables = Arc::new(BTreeMap::new());
    let (host, http) = (Arc::new(NoHost), Arc::new(NoHttp));
    let api = Api { ports, host, http, variables, audience: Audience::Rest, limits: Limits::default() };
    Ok(Routes::new().get("/v1/connectors", list).into_router(api))
}

/// As `functions/tools` has it, which a native program may not depend on.
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    uri: Uri,
) -> Result<Response, Problem> {
    let connectors = bulkhead_connectors::list(&api.ports, &caller, &correlation).await?;
    Ok(collection(&uri, Page::whole(connectors)))
}

/// The route asks nothing of a host.
struct NoHost;

#[async_trait]
impl HostClient for NoHost {
    async fn run(&self, _: JobId, _: Duration, _: &CorrelationId) -> Result<RunReply, HostError> {
        Err(HostError::NotConfigured)
    }

    async fn cancel(&self, _: JobId, _: &CorrelationId) -> Result<(), HostError> {
        Err(HostError::NotConfigured)
    }
}
