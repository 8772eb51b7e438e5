//! The authorization server for MCP clients: OAuth 2.1, with its errors in OAuth's words.
//!
//! What a client may have is decided in the crate `authorization`; here its requests are read and answered. `answer.rs` has the
//! shapes of answers, `pages.rs` what a person sees, then one file an endpoint.

mod answer;
mod authorize;
mod device;
mod device_authorization;
mod documents;
mod introspect;
mod metadata;
#[cfg(not(target_family = "wasm"))]
mod openapi;
mod pages;
mod register;
mod revoke;
mod token;

use bulkhead_authorization::Policy;
use bulkhead_http_api::{Api, Problem, Routes};

#[cfg(not(target_family = "wasm"))]
pub(crate) use openapi::{operations, schemas};

/// The variable that says whether clients may register themselves.
const CLIENT_REGISTRATION: &str = "client_registration";

/// What clients in a browser use from their own site. None of it takes a cookie.
const FOR_OTHER_SITES: &[&str] = &[
    metadata::SERVER,
    metadata::SERVER_OF_PATH,
    metadata::OPENID,
    metadata::OPENID_OF_PATH,
    "/oauth/jwks",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/register",
];

/// Adds the routes.
pub(crate) fn add(routes: Routes) -> Routes {
    routes
        .get(metadata::SERVER, metadata::server)
        .get(metadata::SERVER_OF_PATH, metadata::server_of_path)
        .get(metadata::OPENID, metadata::openid)
        .get(metadata::OPENID_OF_PATH, metadata::openid_of_path)
        .get("/oauth/jwks", metadata::jwks)
        .get(authorize::PATH, authorize::show)
        .post(authorize::PATH, authorize::submit)
        .post("/oauth/token", token::handle)
        .post("/oauth/revoke", revoke::handle)
        .post("/oauth/introspect", introspect::handle)
        .post("/oauth/register", register::handle)
        .post("/oauth/device_authorization", device_authorization::handle)
        .get(device::PATH, device::show)
        .post(device::PATH, device::submit)
        .for_other_sites(FOR_OTHER_SITES)
}

async fn policy(api: &Api) -> Result<Policy, Problem> {
    let registration = match api.variable(CLIENT_REGISTRATION).await?.expose() {
        "open" => true,
        "closed" => false,
        _ => return Err(Problem::misconfigured("client_registration is neither open nor closed")),
    };
    Ok(Policy { registration, ..Policy::default() })
}
