//! The authorization server, as clients, users and strangers find it.

mod authorize;
mod clients;
mod device;
mod person;
mod postgres;
mod tokens;
mod withdrawn;
