//! The Spin component behind `/v1/profile`: a user's own.
//!
//! One file a verb, as in the function `tools`.

mod change;
mod erase;
mod export;
mod get;
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
        .get("/v1/profile", get::handle)
        .patch("/v1/profile", change::handle)
        .delete("/v1/profile", erase::handle)
        .get("/v1/profile/export", export::handle)
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
