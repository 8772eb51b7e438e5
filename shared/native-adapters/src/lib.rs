//! The kernel's ports, natively: [`Database`] over rusqlite for SQLite and sqlx for PostgreSQL, [`SystemClock`],
//! [`OsEntropy`], and [`NativeHttpClient`] over hyper and rustls.
//!
//! [`connect`] opens the database that a URL names. [`NativeSqlite`] is built for many small concurrent writes in one
//! file that other processes may also write; [`NativePostgres`] for any number of processes beside one server. Both
//! pass the suite in `testkit`. To add an adapter of a port, implement the kernel's trait in a module here, run that
//! port's suite over it in `tests/`, and keep decisions out of it: those belong to the feature crates.

mod clock;
mod connect;
mod database;
mod entropy;
mod http_client;

pub mod postgres;
pub mod sqlite;

pub use clock::SystemClock;
pub use connect::{ConnectError, FileFault};
pub use database::{Database, MigrateError, Options, connect};
pub use entropy::OsEntropy;
pub use http_client::NativeHttpClient;
pub use postgres::{Isolation, IsolationError, NativePostgres, PostgresOptions};
pub use sqlite::{NativeSqlite, SqliteOptions};
