//! The host side of Spin's own interfaces, one file each.

pub(crate) mod key_value;
pub(crate) mod postgres;
pub(crate) mod postgres_values;
pub(crate) mod sqlite;
mod sqlite_connection;
mod stream;
mod variables;
