//! `GET /.well-known/oauth-authorization-server`, `GET /.well-known/openid-configuration` and `GET /oauth/jwks`

use axum::Json;
use axum::extract::State;
use bulkhead_authorization::{openid_configuration, server_metadata};
use bulkhead_http_api::{Api, Problem, Query, TOKEN_KEYS};
use bulkhead_identity::TokenKeys;
use serde_json::Value;

use super::policy;

/// The server's metadata (RFC 8414).
pub(super) async fn server(State(api): State<Api>, Query(()): Query<()>) -> Result<Json<Value>, Problem> {
    Ok(Json(server_metadata(&api.public_url().await?, &policy(&api).await?)))
}

/// The same where OpenID Connect has it.
pub(super) async fn openid(State(api): State<Api>, Query(()): Query<()>) -> Result<Json<Value>, Problem> {
    Ok(Json(openid_configuration(&api.public_url().await?, &policy(&api).await?)))
}

/// The keys that access tokens are signed with, those of before a rotation among them (RFC 7517).
pub(super) async fn jwks(State(api): State<Api>, Query(()): Query<()>) -> Result<Json<Value>, Problem> {
    let keys = TokenKeys::parse(api.variable(TOKEN_KEYS).await?.expose()).map_err(Problem::misconfigured)?;
    Ok(Json(keys.jwks()))
}
