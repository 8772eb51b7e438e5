//! What sqlx reports of PostgreSQL, as the port's errors.

use bulkhead_kernel::sql::{SqlError, refusal};
use sqlx::postgres::PgDatabaseError;

/// Reads an error of PostgreSQL.
pub(super) fn from_sqlx(error: sqlx::Error) -> SqlError {
    match error {
        sqlx::Error::Database(error) => {
            let error = error.downcast_ref::<PgDatabaseError>();
            refusal::from_postgres(error.code(), error.message(), error.detail())
        }
        sqlx::Error::ColumnDecode { index, .. } => SqlError::Decode { column: index },
        sqlx::Error::Io(error) => SqlError::Unavailable(error.to_string()),
        error @ (sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_)) => SqlError::Unavailable(error.to_string()),
        error => SqlError::Other(error.to_string()),
    }
}
