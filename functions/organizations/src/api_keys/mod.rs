//! `/v1/api-keys`: what programs act with.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_identity::IssuedKey;
use http::StatusCode;
use serde_json::json;

/// 201: the key, once, and what is kept of it. Every answer of ours is `no-store`.
fn issued(issued: &IssuedKey) -> Response {
    let body = json!({ "token": issued.token.expose(), "api_key": issued.key });
    (StatusCode::CREATED, Json(body)).into_response()
}
