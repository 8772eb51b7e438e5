//! What a database's own words mean as a [`SqlError`].
//!
//! Four adapters hear the same two databases: natively with a code, through Spin with a text. One reading of them
//! keeps a feature's error handling the same wherever it runs.

use serde::Deserialize;

use super::{SqlError, Statement, Value};

/// The SQLSTATE that `bulkhead_batch` raises when a step misses its row count.
const UNEXPECTED_ROWS: &str = "BH001";

/// Reads an error message of SQLite. Its result codes do not reach a Spin guest, but the messages are part of
/// SQLite's tests and have been the same for many years.
#[must_use]
pub fn from_sqlite(message: &str) -> SqlError {
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    let text = message.to_owned();
    if says(&["UNIQUE constraint failed"]) {
        SqlError::UniqueViolation(text)
    } else if says(&["constraint failed", "cannot store", "datatype mismatch"]) {
        SqlError::ConstraintViolation(text)
    } else if says(&["no such table", "no such column", "has no column named"]) {
        SqlError::NotMigrated(text)
    } else if says(&["is locked", "is busy", "locking protocol", "unable to open", "disk I/O error", "disk is full"]) {
        SqlError::Unavailable(text)
    } else {
        SqlError::Other(text)
    }
}

/// Reads an error of PostgreSQL: its SQLSTATE, message and detail.
#[must_use]
pub fn from_postgres(sqlstate: &str, message: &str, detail: Option<&str>) -> SqlError {
    let text = message.to_owned();
    match sqlstate {
        UNEXPECTED_ROWS => unexpected_rows(detail).unwrap_or(SqlError::Other(text)),
        "23505" => SqlError::UniqueViolation(text),
        // Undefined table and undefined column.
        "42P01" | "42703" => SqlError::NotMigrated(text),
        // An undefined function, which is also what a comparison of unlike types is called.
        "42883" if message.contains("bulkhead_") => SqlError::NotMigrated(text),
        // Serialization failure, deadlock, lock timeout, a standby that only reads, idle for too long.
        "40001" | "40P01" | "55P03" | "25006" | "25P03" | "25P04" => SqlError::Unavailable(text),
        // Canceled or timed out, shutting down, starting up.
        _ if sqlstate.starts_with("57") => SqlError::Unavailable(text),
        // Connection, authorization, and resources: too many connections, disk, memory.
        _ if ["08", "28", "53"].iter().any(|class| sqlstate.starts_with(class)) => SqlError::Unavailable(text),
        _ if sqlstate.starts_with("23") => SqlError::ConstraintViolation(text),
        _ => SqlError::Other(text),
    }
}

fn unexpected_rows(detail: Option<&str>) -> Option<SqlError> {
    #[derive(Deserialize)]
    struct Detail {
        step: usize,
        expected: u64,
        affected: u64,
    }
    let Detail { step, expected, affected } = serde_json::from_str(detail?).ok()?;
    Some(SqlError::UnexpectedRows { step, expected, affected })
}

/// Refuses a parameter that only one of the databases could keep, so that both refuse it alike.
///
/// # Errors
/// [`SqlError::Other`] for a text with a NUL character, which PostgreSQL has none of, and for a number that is not
/// one (NaN), which SQLite turns into `NULL`.
pub fn check_parameters(statement: &Statement) -> Result<(), SqlError> {
    for (index, value) in statement.parameters().iter().enumerate() {
        let fault = match value {
            Value::Text(text) if text.contains('\0') => "is a text with a NUL character",
            Value::Real(number) if number.is_nan() => "is not a number",
            _ => continue,
        };
        return Err(SqlError::Other(format!("parameter ${} {fault}", index + 1)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::sql;

    #[test]
    fn sqlite_is_understood_by_its_messages() {
        let kinds = [
            ("UNIQUE constraint failed: users.email", "a row with the same key"),
            ("FOREIGN KEY constraint failed", "a constraint refused"),
            ("cannot store TEXT value in INTEGER column t.a", "a constraint refused"),
            ("no such table: jobs in SELECT 1 FROM jobs at offset 14", "the database has not been migrated"),
            ("table t has no column named b", "the database has not been migrated"),
            ("database is locked", "the database is unavailable"),
            ("near \"SELEC\": syntax error", "the database refused"),
        ];
        for (message, start) in kinds {
            let error = from_sqlite(message).to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn postgres_is_understood_by_its_codes() {
        let kinds = [
            ("23505", "a row with the same key"),
            ("23503", "a constraint refused"),
            ("42P01", "the database has not been migrated"),
            ("40P01", "the database is unavailable"),
            ("57014", "the database is unavailable"),
            ("08006", "the database is unavailable"),
            ("42883", "the database refused"),
            ("42601", "the database refused"),
        ];
        for (code, start) in kinds {
            let error = from_postgres(code, "words", None).to_string();
            assert!(error.starts_with(start), "{code}: {error}");
        }
    }

    #[test]
    fn the_batch_function_is_missing_before_the_migration() {
        let error = from_postgres("42883", "function bulkhead_batch(text) does not exist", None);
        assert!(matches!(error, SqlError::NotMigrated(_)));
    }

    #[test]
    fn a_missed_row_count_names_its_step() {
        let error = from_postgres("BH001", "m", Some(r#"{"step": 2, "affected": 0, "expected": 1}"#));
        assert_eq!(error, SqlError::UnexpectedRows { step: 2, expected: 1, affected: 0 });
        assert_eq!(from_postgres("BH001", "m", Some("?")), SqlError::Other("m".to_owned()));
    }

    #[test]
    fn what_one_database_could_not_keep_is_refused() {
        assert!(check_parameters(&sql("SELECT $1").bind("a\0b")).is_err());
        assert!(check_parameters(&sql("SELECT $1").bind(f64::NAN)).is_err());
        assert!(check_parameters(&sql("SELECT $1, $2").bind("a").bind(f64::INFINITY)).is_ok());
    }
}
