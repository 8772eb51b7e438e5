//! The Spin component behind `/v1/auth`, invitations, and the pages `/sign-in`, `/passkeys` and `/sign-out`: signing in, and
//! what it opens.
//!
//! It alone holds the keys that sign access tokens. One file a verb, as in the function `tools`.

mod email;
mod external;
mod invitations;
mod invited;
mod notices;
mod oauth;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod pages;
mod passkeys;
mod password;
mod refresh;
mod second_factor;
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
    let routes = Routes::new()
        .post("/v1/auth/sign-up", sign_up::handle)
        .post("/v1/auth/sign-up/invited", invited::handle)
        .post("/v1/auth/switch", switch::handle)
        .post("/v1/auth/sign-in", sign_in::handle)
        .post("/v1/auth/sign-in/second-factor", second_factor::sign_in::handle)
        .get("/v1/auth/second-factor", second_factor::status::handle)
        .post("/v1/auth/second-factor", second_factor::enrol::handle)
        .post("/v1/auth/second-factor/confirm", second_factor::confirm::handle)
        .post("/v1/auth/second-factor/disable", second_factor::disable::handle)
        .post(pages::second_factor::PATH, pages::second_factor::submit)
        .get(external::start::PATH, external::start::handle)
        .get(external::callback::PATH, external::callback::handle)
        .get(external::list::PATH, external::list::handle)
        .post(external::list::PATH, external::link::handle)
        .delete(external::unlink::PATH, external::unlink::handle)
        .post("/v1/auth/sign-in/passkey", passkeys::sign_in::handle)
        .post("/v1/auth/sign-in/passkey/options", passkeys::sign_in::options)
        .get("/v1/auth/passkeys", passkeys::list::handle)
        .post("/v1/auth/passkeys", passkeys::register::handle)
        .post("/v1/auth/passkeys/options", passkeys::register::options)
        .patch("/v1/auth/passkeys/{id}", passkeys::rename::handle)
        .delete("/v1/auth/passkeys/{id}", passkeys::delete::handle)
        .post(pages::passkey_sign_in::PATH, pages::passkey_sign_in::submit)
        .post(pages::passkey_sign_in::OPTIONS, pages::passkey_sign_in::options)
        .get(pages::passkeys::PATH, pages::passkeys::show)
        .post("/v1/auth/refresh", refresh::handle)
        .get("/v1/auth/sessions", sessions::list::handle)
        .delete("/v1/auth/sessions/{id}", sessions::delete::handle)
        .put("/v1/auth/password", password::change::handle)
        .post("/v1/auth/password-reset", password::reset::handle)
        .post("/v1/auth/password-reset/confirm", password::confirm::handle)
        .post("/v1/auth/email-verification", email::request::handle)
        .post("/v1/auth/email-verification/confirm", email::confirm::handle)
        .get("/v1/organization/invitations", invitations::list::handle)
        .post("/v1/organization/invitations", invitations::create::handle)
        .delete("/v1/organization/invitations/{id}", invitations::revoke::handle)
        .post("/v1/organization/invitations/{id}/resend", invitations::resend::handle)
        .post("/v1/invitations/accept", invitations::accept::handle)
        .get(pages::invitation::PATH, pages::invitation::show)
        .post(pages::invitation::PATH, pages::invitation::submit)
        .post(pages::invited::PATH, pages::invited::submit)
        .get(pages::reset_password::PATH, pages::reset_password::show)
        .post(pages::reset_password::PATH, pages::reset_password::submit)
        .get(pages::verify_email::PATH, pages::verify_email::show)
        .post(pages::verify_email::PATH, pages::verify_email::submit)
        .get(pages::sign_in::PATH, pages::sign_in::show)
        .post(pages::sign_in::PATH, pages::sign_in::submit)
        .get(pages::sign_out::PATH, pages::sign_out::show)
        .post(pages::sign_out::PATH, pages::sign_out::submit);
    oauth::add(routes)
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
