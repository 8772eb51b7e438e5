//! The Spin component behind `/oauth/start` and `/oauth/callback`: a person's browser on its way to a provider and back.
//!
//! `start` asks whoever follows a link whether they mean it, `confirm` sees that the answer is their own, `callback` takes
//! what the provider says. Every answer is a page. It seals tokens for the host; it opens none.

mod browser;
mod callback;
mod confirm;
mod limit;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod pages;
mod settings;
mod start;

use axum::Router;
use bulkhead_http_api::{Api, Routes};

#[cfg(not(target_family = "wasm"))]
pub use openapi::describe;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/oauth/start", start::show)
        .post("/oauth/start", start::go)
        .get("/oauth/callback", callback::handle)
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
