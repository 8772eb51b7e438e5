//! `GET /v1/connectors/{slug}`

use axum::Json;
use axum::extract::State;
use bulkhead_connectors::{Connector, Slug};
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::{Caller, CorrelationId};

/// One connector.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(slug): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<Connector>, Problem> {
    find(&api, &caller, &slug, &correlation).await.map(Json)
}

/// The connector of this name, or the problem that there is none.
pub(super) async fn find(
    api: &Api,
    caller: &Caller,
    slug: &str,
    correlation: &CorrelationId,
) -> Result<Connector, Problem> {
    // What is no name at all is nobody's name, and the database need not be asked.
    let slug: Slug = slug.parse().map_err(|_| Problem::unknown_connector())?;
    let found = bulkhead_connectors::read(&api.ports, caller, &slug, correlation).await?;
    found.ok_or_else(Problem::unknown_connector)
}
