//! Jobs on a real database.
//! One program, since every further one is linked with the whole of the crate again.

mod lifecycle;
mod projects;
mod restrictions;
