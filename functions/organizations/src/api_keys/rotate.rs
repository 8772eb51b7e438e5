//! `POST /v1/api-keys/{id}/rotate`

use axum::extract::State;
use axum::response::Response;
use bulkhead_http_api::{Api, Correlation, JsonBody, Kind, Path, Problem, Query};
use bulkhead_identity::{KeyError, Limit, Rotation, rotate_key};
use bulkhead_kernel::Caller;
use serde::Deserialize;

use super::issued;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    grace_seconds: Option<u64>,
    expires_in_days: Option<u32>,
}

/// Makes a key's successor. The old one goes on for a while.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let rotated = async {
        let id = id.parse().map_err(|_| Problem::new(Kind::UnknownApiKey, KeyError::Unknown.to_string()))?;
        let rotation = Rotation { grace_seconds: body.grace_seconds, expires_in_days: body.expires_in_days };
        let terms = api.lifetimes().await?.keys;
        Ok(issued(&rotate_key(&api.ports, &caller, &terms, id, rotation, &correlation).await?))
    };
    api.limited(&limits, Limit::ApiKeyUser, &caller.user.to_string(), rotated).await
}
