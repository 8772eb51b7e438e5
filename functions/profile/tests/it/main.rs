//! The function `profile`, called as its users call it: over its routes, on a real database.
//! One program, since every further one is linked with the whole of the crate again.

mod personal_data;
mod profile;
mod session;
