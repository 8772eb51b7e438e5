//! The function `tools`, called as its users call it: over its routes, on a real database.
//! One program, since every further one is linked with the whole of the crate again.

mod bodies;
mod cancel_job;
mod connectors;
mod create_job;
mod every_request;
mod jobs;
mod restrictions;
mod scopes;
