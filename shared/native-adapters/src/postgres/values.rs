//! The port's values in sqlx's PostgreSQL types, and back.

use bulkhead_kernel::sql::Value;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgValueRef, Postgres};
use sqlx::{Arguments as _, TypeInfo as _, ValueRef as _};

use crate::rows::get;

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

pub(super) fn decode(raw: PgValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
    if raw.is_null() {
        return Ok(Some(Value::Null));
    }
    let kind = raw.type_info().into_owned();
    match kind.name() {
        "BOOL" => get::<Postgres, bool>(raw),
        "INT8" => get::<Postgres, i64>(raw),
        "INT4" => get::<Postgres, i32>(raw),
        "FLOAT8" => get::<Postgres, f64>(raw),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => get::<Postgres, String>(raw),
        "BYTEA" => get::<Postgres, Vec<u8>>(raw),
        // The shared dialect has no other type. `sum` of a BIGINT is NUMERIC: write CAST(sum(...) AS BIGINT).
        _ => Ok(None),
    }
}
