//! `GET /v1/connectors/{slug}`

use axum::Json;
use axum::extract::State;
use bulkhead_connectors::{Connector, Slug};
use bulkhead_http_api::{Api, Path, Problem, Query};
use bulkhead_kernel::Caller;

/// One connector.
pub(crate) async fn handle(
    State(api): State<Api>,
    _: Caller,
    Path(slug): Path<String>,
    Query(()): Query<()>,
) -> Result<Json<Connector>, Problem> {
    find(&api, &slug).await.map(Json)
}

/// The connector of this name, or the problem that there is none.
pub(super) async fn find(api: &Api, slug: &str) -> Result<Connector, Problem> {
    // What is no name at all is nobody's name, and the database need not be asked.
    let slug: Slug = slug.parse().map_err(|_| Problem::unknown_connector())?;
    bulkhead_connectors::get(&api.ports, slug.as_str()).await?.ok_or_else(Problem::unknown_connector)
}
