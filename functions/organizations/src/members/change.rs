//! `PATCH /v1/organization/members/{user}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_identity::{Member, change_role};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, Role};
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    role: Role,
}

/// Gives a member another role.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(user): Path<UserId>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Member>, Problem> {
    Ok(Json(change_role(&api.ports, &caller, user, body.role, &correlation).await?))
}
