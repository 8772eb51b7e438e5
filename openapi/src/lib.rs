//! The API's description: what the functions say of themselves, as one OpenAPI 3.1 document.
//!
//! It is committed as `openapi.json`, for those who read it without building anything. After a change of a route run
//! `cargo run -p bulkhead-openapi`; a test fails until somebody has. A new function adds itself to [`functions`].

use bulkhead_http_api::openapi::{Description, document};
use bulkhead_http_api::{Route, Routes};
use serde_json::Value;

/// A function: its name, its routes, and how it describes them.
pub struct Function {
    /// The name of its folder.
    pub name: &'static str,
    /// Its routes.
    pub routes: fn() -> Routes,
    /// Its description of them.
    pub describe: fn() -> Description,
}

/// Every function.
#[must_use]
pub fn functions() -> Vec<Function> {
    vec![
        Function {
            name: "tools",
            routes: bulkhead_function_tools::routes,
            describe: bulkhead_function_tools::describe,
        },
        Function {
            name: "audit",
            routes: bulkhead_function_audit::routes,
            describe: bulkhead_function_audit::describe,
        },
        Function { name: "auth", routes: bulkhead_function_auth::routes, describe: bulkhead_function_auth::describe },
        Function {
            name: "connections",
            routes: bulkhead_function_connections::routes,
            describe: bulkhead_function_connections::describe,
        },
        Function {
            name: "oauth-callback",
            routes: bulkhead_function_oauth_callback::routes,
            describe: bulkhead_function_oauth_callback::describe,
        },
        Function {
            name: "organizations",
            routes: bulkhead_function_organizations::routes,
            describe: bulkhead_function_organizations::describe,
        },
        Function {
            name: "profile",
            routes: bulkhead_function_profile::routes,
            describe: bulkhead_function_profile::describe,
        },
    ]
}

/// The document.
#[must_use]
pub fn description() -> Value {
    document(env!("CARGO_PKG_VERSION"), functions().iter().map(|function| (function.describe)()).collect())
}

/// The document as it is committed.
#[must_use]
pub fn text() -> String {
    format!("{:#}\n", description())
}

/// Every route that some function serves, sorted.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes: Vec<_> = functions().iter().flat_map(|function| (function.routes)().list()).collect();
    routes.sort();
    routes
}
