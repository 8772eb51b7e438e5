//! `GET /v1/connections/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::Caller;

use super::body::ConnectionBody;
use super::{id, refused};

/// One connection that the caller may know of.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(text): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<ConnectionBody>, Problem> {
    let found = bulkhead_connections::find(&api.ports, &caller, id(&text)?, &correlation).await.map_err(refused)?;
    Ok(Json(found.into()))
}
