//! What identity shows to those who use it.
//! One program, since every further one is linked with the whole of the crate again.

mod access;
mod limits;
mod wycheproof;
