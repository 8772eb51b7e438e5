//! Drives a function's router in-process, over a real SQLite database, and holds every answer against the function's
//! description.
//!
//! [`Harness::start`] makes a migrated database with two organisations, a key each, and a small catalogue. Requests are
//! sent with [`Harness::get`] or [`Harness::request`]; each answer is checked for what every answer must have, and
//! for the status and schema that the function's [`Description`] promises. [`FakeHost`] is the host: it runs jobs
//! through the real use cases.

mod catalogue;
mod contract;
mod harness;
mod host;
mod overtaken;
mod projects;
mod request;
mod tenancy;

pub mod postgres;

pub use bulkhead_http_api::openapi::Description;
pub use catalogue::connector;
pub use harness::{Fixture, Harness, Tenant, variables};
pub use host::{Asked, Behaviour, FakeHost};
pub use overtaken::Overtaken;
pub use projects::{colleague, project, set_project_role, set_role};
pub use request::{Answer, Call};
