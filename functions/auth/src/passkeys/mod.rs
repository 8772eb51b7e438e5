//! `/v1/auth/passkeys`, and signing in with one.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod register;
pub(crate) mod rename;
pub(crate) mod sign_in;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bulkhead_http_api::{Api, Problem};
use bulkhead_identity::{Ceremony, RelyingParty};
use serde_json::json;

/// Who asks for passkeys here.
pub(crate) async fn relying_party(api: &Api) -> Result<RelyingParty, Problem> {
    Ok(RelyingParty::of(&api.public_url().await?)?)
}

/// What a client begins with.
fn begun(ceremony: &Ceremony) -> Response {
    let body = json!({
        "ceremony": ceremony.token.expose(),
        "publicKey": ceremony.options,
        "expires_in": ceremony.expires_in.as_secs(),
    });
    Json(body).into_response()
}
