//! `PATCH /v1/auth/passkeys/{id}`

use axum::Json;
use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, JsonBody, Path, Problem, Query};
use bulkhead_identity::{Passkey, rename_passkey};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::PasskeyId;
use serde::Deserialize;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rename {
    name: String,
}

/// Calls a passkey of the caller's something else.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<PasskeyId>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Rename>,
) -> Result<Json<Passkey>, Problem> {
    Ok(Json(rename_passkey(&api.ports, &caller, id, &body.name, &correlation).await?))
}
