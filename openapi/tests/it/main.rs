//! The OpenAPI document against the routes and against what calls them.
//! One program, since every further one is linked with the whole of the crate again.

mod document;
mod matrix;
