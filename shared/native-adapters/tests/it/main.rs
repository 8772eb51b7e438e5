//! The native adapters against real databases and servers.
//! One program, since every further one is linked with the whole of the crate again.

mod conformance;
mod connect;
mod http_client;
mod postgres;
mod postgres_tls;
mod proxy;
mod sqlite;
mod tenancy;
