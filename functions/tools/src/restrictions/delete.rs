//! `DELETE /v1/connectors/{slug}/restrictions`

use axum::extract::State;
use bulkhead_connectors::lift_restrictions;
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::Caller;
use http::StatusCode;

use super::{problem, slug};

/// Gives everything back; 204, also when nothing was taken away.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(name): Path<String>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    lift_restrictions(&api.ports, &caller, &slug(&name)?, &correlation).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
