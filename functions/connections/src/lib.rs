//! The Spin component behind `/v1/connections`: connected accounts, begun, looked at and disconnected.
//!
//! One file a verb, as in the function `tools`. It stores keys that users paste, sealed for the host; it opens none, and
//! speaks to nobody: a browser goes on at the function `oauth-callback`.

mod connections;
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
        .get("/v1/connections", connections::list::handle)
        .post("/v1/connections", connections::create::handle)
        .get("/v1/connections/{id}", connections::get::handle)
        .delete("/v1/connections/{id}", connections::delete::handle)
        .post("/v1/connections/{id}/reconnect", connections::reconnect::handle)
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
