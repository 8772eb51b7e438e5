//! The Spin component behind `/v1/organization` and what belongs to one: members, teams, projects, API keys.
//!
//! One file a verb, as in the function `tools`.

mod api_keys;
mod members;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod organization;
mod organizations;
mod projects;
mod service_accounts;
mod teams;

use axum::Router;
use bulkhead_http_api::{Api, Routes};

#[cfg(not(target_family = "wasm"))]
pub use openapi::describe;

/// The routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/v1/organization", organization::get::handle)
        .patch("/v1/organization", organization::change::handle)
        .delete("/v1/organization", organization::delete::handle)
        .post("/v1/organization/transfer", organization::transfer::handle)
        .get("/v1/organization/members", members::list::handle)
        .patch("/v1/organization/members/{user}", members::change::handle)
        .delete("/v1/organization/members/{user}", members::remove::handle)
        .get("/v1/organizations", organizations::list::handle)
        .post("/v1/organizations", organizations::create::handle)
        .post("/v1/organizations/restore", organizations::restore::handle)
        .post("/v1/service-accounts", service_accounts::create::handle)
        .get("/v1/teams", teams::list::handle)
        .post("/v1/teams", teams::create::handle)
        .get("/v1/teams/{id}", teams::get::handle)
        .patch("/v1/teams/{id}", teams::change::handle)
        .delete("/v1/teams/{id}", teams::delete::handle)
        .get("/v1/teams/{id}/members", teams::list_members::handle)
        .put("/v1/teams/{id}/members/{user}", teams::add_member::handle)
        .delete("/v1/teams/{id}/members/{user}", teams::remove_member::handle)
        .get("/v1/projects", projects::list::handle)
        .post("/v1/projects", projects::create::handle)
        .get("/v1/projects/{id}", projects::get::handle)
        .patch("/v1/projects/{id}", projects::change::handle)
        .delete("/v1/projects/{id}", projects::delete::handle)
        .post("/v1/projects/{id}/restore", projects::restore::handle)
        .get("/v1/projects/{id}/roles", projects::list_roles::handle)
        .put("/v1/projects/{id}/roles/users/{user}", projects::set_user_role::handle)
        .delete("/v1/projects/{id}/roles/users/{user}", projects::clear_user_role::handle)
        .put("/v1/projects/{id}/roles/teams/{team}", projects::set_team_role::handle)
        .delete("/v1/projects/{id}/roles/teams/{team}", projects::clear_team_role::handle)
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
