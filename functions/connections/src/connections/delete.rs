//! `DELETE /v1/connections/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::Caller;
use http::StatusCode;

use super::{id, refused};

/// Disconnects; 204, also when it is disconnected already.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(text): Path<String>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    bulkhead_connections::disconnect(&api.ports, &caller, id(&text)?, &correlation).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
