//! Connected accounts on a real database, and what the providers' files say.
//! One program, since every further one is linked with the whole of the crate again.

mod leases;
mod providers;
