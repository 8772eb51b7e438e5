//! The Spin component behind `/v1/audit`: who did what to what, and how it ended.
//!
//! One file a verb, as in the function `tools`.

mod events;
#[cfg(not(target_family = "wasm"))]
mod openapi;

use axum::Router;
use bulkhead_http_api::{Api, Routes};

#[cfg(not(target_family = "wasm"))]
pub use openapi::describe;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/v1/audit/events", events::list::handle)
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
