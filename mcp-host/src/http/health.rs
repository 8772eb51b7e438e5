//! Whether the host is well.

use std::time::{Duration, Instant};

use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::Host;

/// A database that takes longer than this is not well.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Check {
    status: &'static str,
    ms: u64,
    #[serde(flatten)]
    details: Value,
}

/// `GET /health`: this process answers. For a load balancer, which must not restart it because a database is away.
pub(super) async fn brief() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /health/detailed`: every part with its own status, and how long its check or its start took; 503 when the
/// database is not well, without which nothing else is. Functions start all together or not at all.
pub(super) async fn detailed(Extension(host): Extension<Host>) -> Response {
    let database = database(&host).await;
    let functions: Vec<Value> = match &host.0.edge {
        Some(edge) => edge.components().into_iter().map(|component| json!(component)).collect(),
        None => Vec::new(),
    };
    let installed = host
        .0
        .connectors
        .current()
        .iter()
        .map(|installed| {
            let connector = &installed.connector;
            let missing = connector.missing_settings();
            json!({
                "slug": connector.entry().slug,
                "version": connector.entry().version,
                "status": if missing.is_empty() { "ok" } else { "not_configured" },
                "missing_settings": missing,
                "load_ms": millis(installed.load_time),
            })
        })
        .collect::<Vec<Value>>();
    // Beside the version that is used meanwhile, if there is one.
    let waiting = host.0.connectors.waiting();
    let waiting = waiting
        .iter()
        .map(|waiting| json!({ "slug": waiting.slug, "version": waiting.version, "status": "waits_for_approval" }));
    let connectors: Vec<Value> = installed.into_iter().chain(waiting).collect();
    let well = database.status == "ok";
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if well { "ok" } else { "unavailable" },
        "version": env!("CARGO_PKG_VERSION"),
        "checked_at": host.0.ports.now(),
        "checks": { "database": database, "functions": functions, "connectors": connectors },
    });
    (status, Json(body)).into_response()
}

async fn database(host: &Host) -> Check {
    let start = Instant::now();
    let status = match tokio::time::timeout(PATIENCE, host.0.database.ping()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::error!(%error, "the database is not well");
            "unavailable"
        }
        Err(_) => {
            tracing::error!(seconds = PATIENCE.as_secs(), "the database gave no sign of life");
            "unavailable"
        }
    };
    Check { status, ms: millis(start.elapsed()), details: json!({ "kind": host.0.database.kind() }) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
