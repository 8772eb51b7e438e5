//! `PATCH /v1/teams/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_identity::{NamedChange, Team, change_team};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::TeamId;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    slug: Option<String>,
    name: Option<String>,
}

/// Changes what a team is called.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<TeamId>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Team>, Problem> {
    let change = NamedChange { slug: body.slug, name: body.name };
    Ok(Json(change_team(&api.ports, &caller, id, change, &correlation).await?))
}
