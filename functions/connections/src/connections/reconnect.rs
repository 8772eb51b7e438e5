//! `POST /v1/connections/{id}/reconnect`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bulkhead_http_api::{Api, Correlation, Path, Problem, Query};
use bulkhead_kernel::Caller;

use super::body::BegunBody;
use super::{id, limited, refused};

/// A new link for a connection by OAuth 2.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(text): Path<String>,
    Query(()): Query<()>,
) -> Result<Response, Problem> {
    let made = async {
        let made = bulkhead_connections::reconnect(&api.ports, &caller, id(&text)?, &correlation).await;
        let (connection, link) = made.map_err(refused)?;
        Ok(Json(BegunBody::new(&api, connection, Some(link)).await?).into_response())
    };
    limited(&api, &caller, made).await
}
