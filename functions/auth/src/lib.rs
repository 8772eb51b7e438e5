//! The Spin component behind `/v1/auth`: signing in, and what it opens.
//!
//! It alone holds the keys that sign access tokens. One file a verb, as in the function `tools`.

mod invited;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod origin;
mod refresh;
mod sessions;
mod sign_in;
mod sign_up;
mod switch;
mod tokens;

use axum::Router;
use bulkhead_http_api::{Api, Routes};

#[cfg(not(target_family = "wasm"))]
pub use openapi::describe;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .post("/v1/auth/sign-up", sign_up::handle)
        .post("/v1/auth/sign-up/invited", invited::handle)
        .post("/v1/auth/switch", switch::handle)
        .post("/v1/auth/sign-in", sign_in::handle)
        .post("/v1/auth/refresh", refresh::handle)
        .get("/v1/auth/sessions", sessions::list::handle)
        .delete("/v1/auth/sessions/{id}", sessions::delete::handle)
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
