//! `PUT /v1/connectors/{slug}/restrictions`

use axum::Json;
use axum::extract::State;
use bulkhead_connectors::{Restrictions, restrict};
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_kernel::Caller;

use super::{problem, slug};

/// Restricts the connector for the organisation, in the place of what there was.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(name): Path<String>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Restrictions>,
) -> Result<Json<Restrictions>, Problem> {
    restrict(&api.ports, &caller, &slug(&name)?, &body, &correlation).await.map_err(problem)?;
    Ok(Json(body))
}
