//! PostgreSQL through Spin.
//!
//! The host pools the connections, and gives one to the next caller whatever state this one left it in. So nothing here
//! ever opens a transaction: an atomic batch is one statement, the SQL function `bulkhead_batch`. And a connection is
//! given the application's role and the tenant before every query, whatever it had: that costs a round trip, which what
//! changes something does without, as it goes through the same function.

use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_kernel::sql::postgres::{BATCH, BATCH_COLUMN, ENTER, batch_argument, batch_counts, typed};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy, Value, refusal};
use send_wrapper::SendWrapper;
use spin_sdk::pg::{Connection, DbValue, Error, ParameterValue, PgError, QueryError};

/// A PostgreSQL database that `allowed_outbound_hosts` lets the component reach.
#[derive(Clone)]
pub struct SpinPostgres {
    url: String,
}

impl SpinPostgres {
    /// The database of this `postgres://` URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    async fn connect(&self) -> Result<Connection, SqlError> {
        Connection::open(&self.url).await.map_err(refused)
    }

    /// A statement's rows, by those that it is about.
    async fn read(&self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let (text, parameters) = typed(statement)?;
        let connection = self.connect().await?;
        // The one place where a query gets its connection.
        rows(&connection, ENTER.to_owned(), vec![statement.tenancy().setting().into()]).await?;
        rows(&connection, text, parameters).await
    }

    async fn write_all(&self, steps: &[Step]) -> Result<Vec<u64>, SqlError> {
        let tenant = Tenancy::of_batch(steps)?.setting();
        let parameters = vec![Value::Text(batch_argument(steps)?), tenant.into()];
        let rows = rows(&self.connect().await?, BATCH.to_owned(), parameters).await?;
        let undecodable = || SqlError::Decode { column: BATCH_COLUMN.to_owned() };
        batch_counts(steps, &rows.first().ok_or_else(undecodable)?.get::<String>(BATCH_COLUMN)?)
    }
}

async fn rows(connection: &Connection, text: String, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
    let result = connection.query(text, to_spin(parameters)).await.map_err(refused)?;
    let (columns, rows, ended) = result.into_inner();
    // Without a row there are no columns, and none are needed.
    let columns: Arc<[String]> = columns.into_iter().map(|column| column.name).collect();
    let rows = rows.collect().await;
    ended.await.map_err(|error| refused(Error::PgError(error)))?;
    rows.into_iter().map(|row| from_spin(row, &columns)).collect()
}

#[async_trait]
impl Sql for SpinPostgres {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        SendWrapper::new(self.read(&statement)).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        let counts = SendWrapper::new(self.write_all(&[statement.into()])).await?;
        Ok(counts.first().copied().unwrap_or(0))
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        SendWrapper::new(self.write_all(&steps)).await
    }
}

fn refused(error: Error) -> SqlError {
    match error {
        Error::PgError(PgError::ConnectionFailed(reason)) => SqlError::Unavailable(reason),
        Error::PgError(PgError::QueryFailed(QueryError::DbError(error))) => {
            refusal::from_postgres(&error.code, &error.message, error.detail.as_deref())
        }
        // What has no SQLSTATE did not come from the server: the connection broke, or a value did not fit.
        Error::PgError(PgError::QueryFailed(QueryError::Text(text))) if text.contains("Closed") => {
            SqlError::Unavailable(text)
        }
        Error::PgError(PgError::QueryFailed(QueryError::Text(text)))
        | Error::PgError(PgError::BadParameter(text))
        | Error::PgError(PgError::ValueConversionFailed(text))
        | Error::PgError(PgError::Other(text)) => SqlError::Other(text),
        error => SqlError::Other(error.to_string()),
    }
}

fn to_spin(parameters: Vec<Value>) -> Vec<ParameterValue> {
    let convert = |value| match value {
        Value::Null => ParameterValue::DbNull,
        Value::Bool(value) => ParameterValue::Boolean(value),
        Value::Integer(value) => ParameterValue::Int64(value),
        Value::Real(value) => ParameterValue::Floating64(value),
        Value::Text(value) => ParameterValue::Str(value),
        Value::Blob(value) => ParameterValue::Binary(value),
    };
    parameters.into_iter().map(convert).collect()
}

fn from_spin(row: Vec<DbValue>, columns: &Arc<[String]>) -> Result<Row, SqlError> {
    let convert = |(value, column): (DbValue, &String)| match value {
        DbValue::DbNull => Ok(Value::Null),
        DbValue::Boolean(value) => Ok(Value::Bool(value)),
        DbValue::Int16(value) => Ok(Value::Integer(value.into())),
        DbValue::Int32(value) => Ok(Value::Integer(value.into())),
        DbValue::Int64(value) => Ok(Value::Integer(value)),
        DbValue::Floating32(value) => Ok(Value::Real(value.into())),
        DbValue::Floating64(value) => Ok(Value::Real(value)),
        DbValue::Str(value) => Ok(Value::Text(value)),
        DbValue::Binary(value) => Ok(Value::Blob(value)),
        // The shared dialect has no other type. `sum` of a BIGINT is NUMERIC: write CAST(sum(...) AS BIGINT).
        _ => Err(SqlError::Decode { column: column.clone() }),
    };
    let values = row.into_iter().zip(columns.iter()).map(convert).collect::<Result<_, _>>()?;
    Ok(Row::new(Arc::clone(columns), values))
}
