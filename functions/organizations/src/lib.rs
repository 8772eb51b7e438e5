//! The Spin component behind `/v1/organization` and what belongs to one: members, teams, projects, API keys.
//!
//! One file a verb, as in the function `tools`.

mod api_keys;
#[cfg(not(target_family = "wasm"))]
mod openapi;

use axum::Router;
use bulkhead_http_api::{Api, Routes};

#[cfg(not(target_family = "wasm"))]
pub use openapi::describe;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/v1/api-keys", api_keys::list::handle)
        .post("/v1/api-keys", api_keys::create::handle)
        .delete("/v1/api-keys/{id}", api_keys::revoke::handle)
        .post("/v1/api-keys/{id}/rotate", api_keys::rotate::handle)
}

/// The function: serves [`routes`] with what `api` reaches.
pub fn router(api: Api) -> Router {
    routes().into_router(api)
}

#[cfg(target_family = "wasm")]
#[spin_sdk::http_service]
async fn handle(request: spin_sdk::http::Request) -> impl spin_sdk::http::IntoResponse {
    bulkhead_spin_adapters::serve(router, request).await
}
