//! `DELETE /v1/api-keys/{id}`

use axum::extract::State;
use bulkhead_http_api::{Api, Correlation, Kind, Path, Problem, Query};
use bulkhead_identity::{KeyError, revoke_key};
use bulkhead_kernel::Caller;
use http::StatusCode;

/// Ends a key; 204, also when it had been revoked.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(()): Query<()>,
) -> Result<StatusCode, Problem> {
    // What is no id is no key's id.
    let id = id.parse().map_err(|_| Problem::new(Kind::UnknownApiKey, KeyError::Unknown.to_string()))?;
    revoke_key(&api.ports, &caller, id, &correlation).await?;
    Ok(StatusCode::NO_CONTENT)
}
