//! The port's values in sqlx's PostgreSQL types, and back.

use std::sync::Arc;

use bulkhead_kernel::sql::{Row, SqlError, Value};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow, PgValueRef, Postgres};
use sqlx::{Arguments as _, Column as _, Decode, Row as _, TypeInfo as _, ValueRef as _};

/// The parameters that the kernel left to bind, `$1` first.
pub(super) fn arguments(values: impl IntoIterator<Item = Value>) -> PgArguments {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Null => arguments.add(None::<String>),
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
        };
        added.expect("these types are put into PostgreSQL as they are");
    }
    arguments
}

/// The rows of one result.
pub(super) fn read_rows(rows: &[PgRow]) -> Result<Vec<Row>, SqlError> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
    let read = |row: &PgRow| {
        let values = columns.iter().enumerate().map(|(index, column)| {
            let value = row.try_get_raw(index).ok().and_then(|raw| decode(raw).ok().flatten());
            value.ok_or_else(|| SqlError::Decode { column: column.clone() })
        });
        Ok(Row::new(Arc::clone(&columns), values.collect::<Result<_, _>>()?))
    };
    rows.iter().map(read).collect()
}

/// `None` for a type that the shared dialect does not have.
fn decode(raw: PgValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
    if raw.is_null() {
        return Ok(Some(Value::Null));
    }
    let kind = raw.type_info().into_owned();
    match kind.name() {
        "BOOL" => get::<bool>(raw),
        "INT8" => get::<i64>(raw),
        "INT4" => get::<i32>(raw),
        "FLOAT8" => get::<f64>(raw),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => get::<String>(raw),
        "BYTEA" => get::<Vec<u8>>(raw),
        // The shared dialect has no other type. `sum` of a BIGINT is NUMERIC: write CAST(sum(...) AS BIGINT).
        _ => Ok(None),
    }
}

/// The value as a `T`.
fn get<'r, T: Decode<'r, Postgres> + Into<Value>>(raw: PgValueRef<'r>) -> Result<Option<Value>, BoxDynError> {
    Ok(Some(T::decode(raw)?.into()))
}
