//! `GET /v1/profile/export`

use axum::Json;
use axum::extract::State;
use bulkhead_connections::UserConnections;
use bulkhead_http_api::{Api, Correlation, Problem, Query};
use bulkhead_identity::{Export, export_user};
use bulkhead_kernel::Caller;
use serde::Serialize;

/// What each feature knows.
#[derive(Serialize)]
pub(crate) struct Everything {
    #[serde(flatten)]
    identity: Export,
    #[serde(flatten)]
    connections: UserConnections,
}

/// Everything that is known about the caller.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
) -> Result<Json<Everything>, Problem> {
    // It is identity that asks whether they may, and records it.
    let identity = export_user(&api.ports, &caller, &correlation).await?;
    let connections = bulkhead_connections::export(&api.ports, caller.user).await?;
    Ok(Json(Everything { identity, connections }))
}
