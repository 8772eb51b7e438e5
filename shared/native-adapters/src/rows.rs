//! sqlx's rows as the port's.

use std::sync::Arc;

use bulkhead_kernel::sql::{Row, SqlError, Value};
use sqlx::error::BoxDynError;
use sqlx::{Column as _, ColumnIndex, Database, Decode};

/// The raw value of a column, as sqlx lends it.
pub(crate) type Raw<'r, DB> = <DB as Database>::ValueRef<'r>;

/// The rows of one result; `decode` gives `None` for a type that the shared dialect does not have.
pub(crate) fn read_rows<R: sqlx::Row>(
    rows: &[R],
    decode: impl Fn(Raw<'_, R::Database>) -> Result<Option<Value>, BoxDynError>,
) -> Result<Vec<Row>, SqlError>
where
    usize: ColumnIndex<R>,
{
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
    let read = |row: &R| {
        let values = columns.iter().enumerate().map(|(index, column)| {
            let value = row.try_get_raw(index).ok().and_then(|raw| decode(raw).ok().flatten());
            value.ok_or_else(|| SqlError::Decode { column: column.clone() })
        });
        Ok(Row::new(Arc::clone(&columns), values.collect::<Result<_, _>>()?))
    };
    rows.iter().map(read).collect()
}

/// The value as a `T`.
pub(crate) fn get<'r, DB: Database, T: Decode<'r, DB> + Into<Value>>(
    raw: Raw<'r, DB>,
) -> Result<Option<Value>, BoxDynError> {
    Ok(Some(T::decode(raw)?.into()))
}
