//! The kernel's ports inside a Spin component, over spin-sdk: [`open`] for the database, [`SpinClock`],
//! [`SpinEntropy`], and [`variable`].
//!
//! A component is single-threaded, and what spin-sdk hands out may not be sent to another thread, so every adapter
//! here wraps its futures in a `SendWrapper` to meet the ports' bounds. The crate compiles natively, so that it can be
//! checked there, but only runs as WebAssembly: the suites of `testkit` run over it inside a guest of `tests/guests`.

mod clock;
mod database;
mod entropy;
mod host_client;
mod http_client;
mod log;
mod postgres;
mod serve;
mod sqlite;
mod variables;

pub use clock::SpinClock;
pub use database::{UnknownDatabase, open};
pub use entropy::SpinEntropy;
pub use host_client::SpinHostClient;
pub use http_client::SpinHttpClient;
pub use postgres::SpinPostgres;
pub use serve::serve;
pub use sqlite::SpinSqlite;
pub use variables::{SpinVariables, variable};
