//! `POST /oauth/register` (RFC 7591)

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_authorization::{ClientMetadata, Registered, register_client};
use bulkhead_http_api::{Api, JsonBody, Origin, Problem, Query};
use bulkhead_identity::Limit;
use http::StatusCode;
use serde_json::{Value, json};

use super::{answer, policy};

/// Registers a client.
pub(super) async fn handle(
    State(api): State<Api>,
    origin: Origin,
    Query(()): Query<()>,
    JsonBody(metadata): JsonBody<ClientMetadata>,
) -> Result<Response, Problem> {
    let limits = api.credential_limits().await?;
    let left = api.throttle(&limits, Limit::RegisterAddress, &origin.counted()).await?;
    let registered = register_client(&api.ports, &policy(&api).await?, metadata).await;
    let answered = registered.map(|registered| (StatusCode::CREATED, Json(information(&registered))).into_response());
    left.tell(answer::answer(answered))
}

/// What was registered (section 3.2.1). Without a secret there are no members about it.
fn information(registered: &Registered) -> Value {
    let client = &registered.client;
    let uses_code = client.grant_types.contains(&bulkhead_authorization::GrantType::AuthorizationCode);
    let mut body = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_at.as_millis() / 1000,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris.iter().map(|uri| uri.as_str()).collect::<Vec<_>>(),
        "grant_types": client.grant_types,
        "response_types": if uses_code { json!(["code"]) } else { json!([]) },
        "token_endpoint_auth_method": client.auth_method,
    });
    if let Some(secret) = &registered.secret {
        body["client_secret"] = json!(secret.expose());
        // Never, as zero says it.
        body["client_secret_expires_at"] = json!(0);
    }
    body
}
