//! `GET /v1/connectors/{slug}/restrictions`

use axum::Json;
use axum::extract::State;
use bulkhead_connectors::{Restrictions, restrictions};
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::Caller;

use super::{problem, slug};

/// The organisation's restrictions, as `PUT` takes them; nothing is taken away when there are none.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(name): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<Restrictions>, Problem> {
    restrictions(&api.ports, &caller, &slug(&name)?, &correlation).await.map(Json).map_err(problem)
}
