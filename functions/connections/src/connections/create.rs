//! `POST /v1/connections`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bulkhead_connections::{CreateError, NewConnection};
use bulkhead_connectors::{AuthType, Slug};
use bulkhead_http_api::{Api, Correlation, JsonBody, Problem, Query};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::{Caller, CorrelationId, Secret};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::body::BegunBody;
use super::{invalid, limited, not_created};

/// The most characters of a label.
const MAX_LABEL: usize = 100;

/// What is to be connected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBody {
    connector: String,
    label: Option<String>,
    project: Option<ProjectId>,
    auth_type: Option<AuthType>,
    api_key: Option<String>,
}

/// Begins a connection: 201 with it, and with the link where its user goes on.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Query(()): Query<()>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response, Problem> {
    limited(&api, &caller, create(&api, &caller, body, &correlation)).await
}

async fn create(api: &Api, caller: &Caller, body: NewBody, correlation: &CorrelationId) -> Result<Response, Problem> {
    let slug: Slug = body.connector.parse().map_err(|_| Problem::unknown_connector())?;
    let connector =
        bulkhead_connectors::get(&api.ports, slug.as_str()).await?.ok_or_else(Problem::unknown_connector)?;
    let label = body.label.unwrap_or_else(|| connector.name.clone());
    if label.is_empty() || label.chars().count() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(invalid("/label", "must have 1 to 100 characters, none of them a control character"));
    }
    let auth_type = connector.auth_types.choose(body.auth_type, body.api_key.is_some());
    let auth_type = auth_type.ok_or_else(|| not_created(CreateError::auth_type(&connector)))?;
    let sealing_key = match auth_type {
        AuthType::ApiKey => Some(api.sealing_key().await?),
        AuthType::Oauth2 | AuthType::None => None,
    };
    let new = NewConnection { label, project: body.project, auth_type, api_key: body.api_key.map(Secret::new) };
    let created =
        bulkhead_connections::create(&api.ports, caller, &connector, new, sealing_key.as_ref(), correlation).await;
    let created = created.map_err(not_created)?;
    let location = HeaderValue::from_str(&format!("/v1/connections/{}", created.connection.id));
    let body = BegunBody::new(api, created.connection, created.link).await?;
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
