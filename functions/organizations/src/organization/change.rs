//! `PATCH /v1/organization`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_identity::{OrganizationChange, OwnOrganization, change_organization};
use bulkhead_kernel::Caller;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    slug: Option<String>,
    name: Option<String>,
}

/// Changes what the caller's organisation is called.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<OwnOrganization>, Problem> {
    let change = OrganizationChange { slug: body.slug, name: body.name };
    Ok(Json(change_organization(&api.ports, &caller, change, &correlation).await?))
}
