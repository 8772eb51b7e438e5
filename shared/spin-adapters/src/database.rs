//! The database that a component's variable names.

use std::sync::Arc;

use bulkhead_kernel::Sql;

use crate::{SpinPostgres, SpinSqlite};

/// The name of the SQLite database that Spin gives every application.
const DEFAULT: &str = "default";

/// A `database_url` that names no database. It may hold a password and is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database URL is not understood: leave it empty for Spin's SQLite, or write postgres://USER@HOST/NAME")]
pub struct UnknownDatabase;

/// The database that `database_url` names: empty or `sqlite` for Spin's own SQLite, or a `postgres://` URL. Nothing is
/// connected yet.
///
/// # Errors
/// [`UnknownDatabase`].
pub fn open(database_url: &str) -> Result<Arc<dyn Sql>, UnknownDatabase> {
    match database_url {
        "" | "sqlite" => Ok(Arc::new(SpinSqlite::new(DEFAULT))),
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(Arc::new(SpinPostgres::new(url)))
        }
        _ => Err(UnknownDatabase),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_one_of_two_databases() {
        for url in ["", "sqlite", "postgres://u@h/d", "postgresql:///d?host=/run"] {
            assert!(open(url).is_ok(), "{url}");
        }
        for url in ["sqlite:bulkhead.db", "mysql://h/d", "postgres"] {
            assert!(open(url).is_err(), "{url}");
        }
    }
}
