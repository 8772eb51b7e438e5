//! The server's metadata, and its keys: `GET` below `/.well-known`, and `GET /oauth/jwks`

use axum::Json;
use axum::extract::State;
use bulkhead_authorization::{openid_configuration, server_metadata};
use bulkhead_http_api::{Api, Kind, Problem, Query, TOKEN_KEYS};
use bulkhead_identity::TokenKeys;
use http::Uri;
use serde_json::Value;

use super::policy;

/// Where the metadata is (RFC 8414, section 3).
pub(super) const SERVER: &str = "/.well-known/oauth-authorization-server";
/// Where it is as well when the public URL has a path: that follows the well-known part. A proxy in front, which cuts the
/// path off elsewhere, has nothing to cut off there.
pub(super) const SERVER_OF_PATH: &str = "/.well-known/oauth-authorization-server/{*issuer}";
/// Where OpenID Connect has it. Its own form for a public URL with a path has the path in front, which the proxy cuts off.
pub(super) const OPENID: &str = "/.well-known/openid-configuration";
/// The same with the path behind (RFC 8414, section 5).
pub(super) const OPENID_OF_PATH: &str = "/.well-known/openid-configuration/{*issuer}";

/// The server's metadata (RFC 8414).
pub(super) async fn server(State(api): State<Api>, Query(()): Query<()>) -> Result<Json<Value>, Problem> {
    Ok(Json(server_metadata(&api.public_url().await?, &policy(&api).await?)))
}

/// The same, by the public URL's path.
pub(super) async fn server_of_path(
    State(api): State<Api>,
    uri: Uri,
    Query(()): Query<()>,
) -> Result<Json<Value>, Problem> {
    check_path(&api, &uri, SERVER).await?;
    server(State(api), Query(())).await
}

/// The same where OpenID Connect has it.
pub(super) async fn openid(State(api): State<Api>, Query(()): Query<()>) -> Result<Json<Value>, Problem> {
    Ok(Json(openid_configuration(&api.public_url().await?, &policy(&api).await?)))
}

/// The same, by the public URL's path.
pub(super) async fn openid_of_path(
    State(api): State<Api>,
    uri: Uri,
    Query(()): Query<()>,
) -> Result<Json<Value>, Problem> {
    check_path(&api, &uri, OPENID).await?;
    openid(State(api), Query(())).await
}

/// What follows the well-known part is the public URL's path, and nothing else: other issuers are not here.
async fn check_path(api: &Api, uri: &Uri, well_known: &str) -> Result<(), Problem> {
    let public_url = api.public_url().await?;
    let ours = public_url.splitn(4, '/').nth(3).filter(|path| !path.is_empty());
    let asked = uri.path().strip_prefix(well_known).and_then(|rest| rest.strip_prefix('/'));
    match (ours, asked) {
        (Some(ours), Some(asked)) if ours == asked => Ok(()),
        _ => Err(Problem::new(Kind::UnknownPath, "the issuer of this installation has another path")),
    }
}

/// The keys that access tokens are signed with, those of before a rotation among them (RFC 7517).
pub(super) async fn jwks(State(api): State<Api>, Query(()): Query<()>) -> Result<Json<Value>, Problem> {
    let keys = TokenKeys::parse(api.variable(TOKEN_KEYS).await?.expose()).map_err(Problem::misconfigured)?;
    Ok(Json(keys.jwks()))
}
