//! The function `organizations`, called as its users call it: over its routes, on a real database.
//! One program, since every further one is linked with the whole of the crate again.

mod api_keys;
mod members;
mod narrow;
mod projects;
mod scene;
