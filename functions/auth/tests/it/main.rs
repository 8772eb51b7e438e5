//! The function `auth`, called as its users call it: over its routes, on a real database.
//! One program, since every further one is linked with the whole of the crate again.

mod browser;
mod every_route;
mod external;
mod invitations;
mod limits;
mod mails;
mod oauth;
mod organizations;
mod other_sites;
mod outbox;
mod overtaken;
mod passkeys;
mod passwords;
mod second_factor;
mod sessions;
mod subjects;
