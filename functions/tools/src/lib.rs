//! The Spin component behind `/v1/connectors` and `/v1/jobs`: what there is to call, calling it, and what became of it.
//!
//! One file a verb, in the folder of what it acts on; each is a thin layer over one use case. To add a route, write
//! its handler in a file of its own, list it in [`routes`], and describe it in `openapi.rs`: tests compare the two, and
//! every answer with its description.

mod connectors;
mod jobs;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod restrictions;

use axum::Router;
use bulkhead_http_api::{Api, Routes};

#[cfg(not(target_family = "wasm"))]
pub use openapi::describe;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/v1/connectors", connectors::list::handle)
        .get("/v1/connectors/{slug}", connectors::get::handle)
        .get("/v1/connectors/{slug}/tools", connectors::list_tools::handle)
        .get("/v1/connectors/{slug}/restrictions", restrictions::get::handle)
        .put("/v1/connectors/{slug}/restrictions", restrictions::put::handle)
        .delete("/v1/connectors/{slug}/restrictions", restrictions::delete::handle)
        .post("/v1/connectors/{slug}/tools/{tool}/jobs", jobs::create::handle)
        .get("/v1/jobs", jobs::list::handle)
        .get("/v1/jobs/{id}", jobs::get::handle)
        .post("/v1/jobs/{id}/answers", jobs::answer::handle)
        .get("/v1/jobs/{id}/events", jobs::list_events::handle)
        .post("/v1/jobs/{id}/cancel", jobs::cancel::handle)
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
