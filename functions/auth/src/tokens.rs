//! What a client gets who signed in, as OAuth's token endpoint words it (RFC 6749, section 5.1).

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_identity::Tokens;
use serde_json::json;

/// The answer that has them. Every answer of ours is `no-store`.
pub(crate) fn answer(tokens: &Tokens) -> Response {
    let body = json!({
        "access_token": tokens.access.expose(),
        "token_type": "Bearer",
        "expires_in": tokens.expires_in.as_secs(),
        "refresh_token": tokens.refresh.expose(),
        "session": tokens.session,
        "organization": tokens.organization,
    });
    Json(body).into_response()
}
