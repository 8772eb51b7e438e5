//! The embedded edge runtime: serves the functions of `spin.toml` in this process, as Spin would.
//!
//! It is a small, faithful subset of Spin. It offers what the functions import and nothing more, and it refuses at
//! start-up, by component and by key or import, what it can't honour. A function that works here works on Spin.
//!
//! How a request travels: [`EdgeRuntime::handle`] finds the route, waits for its turn, rewrites the headers as Spin
//! does and hands the request to the component's worker, which instantiates the component afresh, within limits of
//! memory, computing and wall-clock time. Whatever goes wrong is a problem of `bulkhead-http-api`, whose layer writes it.
//!
//! To offer another interface of Spin: add its WIT to `INTERFACES` in `build.rs`, implement its traits in a file of
//! `host`, link it in `component`, and add a route to `tests/guests/function-probe` with a test here.

mod allowed_hosts;
mod bindings;
mod component;
mod config;
mod engine;
mod error;
mod guest;
mod host;
mod manifest;
mod outbound;
mod problem;
mod request;
mod routes;
mod runtime;
mod stdio;
mod template;
mod variables;
mod worker;

#[cfg(test)]
mod tests;

pub use config::{EdgeConfig, EdgeLimits, LiveVariable};
pub use engine::EPOCH_TICK;
pub use error::EdgeError;
pub use routes::Route;
pub use runtime::{ComponentHealth, EdgeRuntime};
