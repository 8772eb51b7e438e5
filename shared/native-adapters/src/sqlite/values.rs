//! The port's values in sqlx's SQLite types, and back.

use bulkhead_kernel::sql::Value;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteValueRef};
use sqlx::{Arguments as _, TypeInfo as _, ValueRef as _};

use crate::rows::get;

/// The parameters of one or several statements, `$1` first.
pub(super) fn arguments(values: impl IntoIterator<Item = Value>) -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
        };
        added.expect("these types are put into SQLite as they are");
    }
    arguments
}

pub(super) fn decode(raw: SqliteValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
    if raw.is_null() {
        return Ok(Some(Value::Null));
    }
    let kind = raw.type_info().into_owned();
    match kind.name() {
        // A column declared BOOLEAN holds 0 or 1: the port reads both as either.
        "INTEGER" | "BOOLEAN" => get::<Sqlite, i64>(raw),
        "REAL" => get::<Sqlite, f64>(raw),
        "TEXT" => get::<Sqlite, String>(raw),
        "BLOB" => get::<Sqlite, Vec<u8>>(raw),
        _ => Ok(None),
    }
}
