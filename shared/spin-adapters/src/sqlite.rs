//! Spin's SQLite.
//!
//! Every call opens a connection of its own: an instance serves many requests at once, and a transaction belongs to a
//! connection. When the guest traps, the host closes the connection, and SQLite undoes what was not committed.

use std::future::Future;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy, Value, refusal};
use send_wrapper::SendWrapper;
use spin_sdk::sqlite::{Connection, Error, Value as SpinValue};

/// How long a call goes on asking for a lock that another writer holds.
const DEFAULT_PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits between two times.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// A SQLite database that the application was granted.
#[derive(Clone, Debug)]
pub struct SpinSqlite {
    database: String,
    patience: Duration,
}

impl SpinSqlite {
    /// The database of this name in `sqlite_databases` of spin.toml.
    #[must_use]
    pub fn new(database: impl Into<String>) -> Self {
        Self { database: database.into(), patience: DEFAULT_PATIENCE }
    }

    /// The same with another patience for locks.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn connect(&self) -> Result<Session, SqlError> {
        let connection = Connection::open(&self.database).await.map_err(refused)?;
        Ok(Session { connection, deadline: Instant::now() + self.patience })
    }

    async fn read(&self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let session = self.connect().await?;
        if statement.writes() {
            session.run("PRAGMA foreign_keys = ON").await?;
        }
        session.patiently(|| session.rows(statement)).await
    }

    async fn write(&self, statement: &Statement) -> Result<u64, SqlError> {
        let session = self.connect().await?;
        session.run("PRAGMA foreign_keys = ON").await?;
        session.patiently(|| session.affected(statement)).await
    }

    async fn write_all(&self, steps: &[Step]) -> Result<Vec<u64>, SqlError> {
        let session = self.connect().await?;
        session.run("PRAGMA foreign_keys = ON").await?;
        // The write lock is taken at once: taken later, another writer could be in between and all would be for nothing.
        session.patiently(|| session.run("BEGIN IMMEDIATE")).await?;
        let done = session.steps(steps).await;
        let committed = match done {
            // With a rollback journal, a commit waits for readers.
            Ok(counts) => session.patiently(|| session.run("COMMIT")).await.map(|()| counts),
            Err(error) => Err(error),
        };
        if committed.is_err() {
            // Closing the connection undoes the transaction too; this only does it sooner.
            let _closing_undoes_it = session.run("ROLLBACK").await;
        }
        committed
    }
}

/// One connection for one call.
struct Session {
    connection: Connection,
    deadline: Instant,
}

impl Session {
    /// Runs something again while the database is locked and there is patience left.
    async fn patiently<T, F>(&self, run: impl Fn() -> F) -> Result<T, SqlError>
    where
        F: Future<Output = Result<T, SqlError>>,
    {
        loop {
            match run().await {
                Err(SqlError::Unavailable(_)) if Instant::now() < self.deadline => {
                    spin_sdk::time::sleep(RETRY_AFTER).await;
                }
                result => return result,
            }
        }
    }

    async fn run(&self, text: &str) -> Result<(), SqlError> {
        let result = self.connection.execute(text, []).await.map_err(refused)?;
        result.collect().await.map(drop).map_err(refused)
    }

    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        refusal::check_parameters(statement)?;
        // To SQLite `$2` is a name, numbered by where it first stands; `?2` is the second parameter.
        let text = statement.render(|n| format!("?{n}"));
        let parameters: Vec<_> = statement.parameters().iter().map(to_spin).collect();
        let result = self.connection.execute(text, parameters).await.map_err(refused)?;
        let columns = result.columns().into();
        let rows = result.collect().await.map_err(refused)?;
        let read = |row: spin_sdk::sqlite::RowResult| {
            let values = row.values.into_iter().map(from_spin).collect();
            Row::new(std::sync::Arc::clone(&columns), values)
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn affected(&self, statement: &Statement) -> Result<u64, SqlError> {
        self.rows(statement).await?;
        Ok(if statement.writes() { self.connection.changes().await } else { 0 })
    }

    async fn steps(&self, steps: &[Step]) -> Result<Vec<u64>, SqlError> {
        let mut counts = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let affected = self.affected(&step.statement).await?;
            if let Some(expected) = step.expected_rows
                && expected != affected
            {
                return Err(SqlError::UnexpectedRows { step: index, expected, affected });
            }
            counts.push(affected);
        }
        Ok(counts)
    }
}

#[async_trait]
impl Sql for SpinSqlite {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        SendWrapper::new(self.read(&statement)).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        SendWrapper::new(self.write(&statement)).await
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        // Nothing here goes by it, but what PostgreSQL refuses is refused here too.
        Tenancy::of_batch(&steps)?;
        SendWrapper::new(self.write_all(&steps)).await
    }
}

fn refused(error: Error) -> SqlError {
    match error {
        Error::Io(message) => refusal::from_sqlite(&message),
        Error::NoSuchDatabase => SqlError::Other("the host has no such SQLite database".to_owned()),
        Error::AccessDenied => {
            SqlError::Other("spin.toml does not grant this component the SQLite database".to_owned())
        }
        Error::InvalidConnection => SqlError::Unavailable("the connection was closed".to_owned()),
        Error::DatabaseFull => SqlError::Unavailable("the database is full".to_owned()),
    }
}

fn to_spin(value: &Value) -> SpinValue {
    match value {
        Value::Null => SpinValue::Null,
        Value::Bool(value) => SpinValue::Integer((*value).into()),
        Value::Integer(value) => SpinValue::Integer(*value),
        Value::Real(value) => SpinValue::Real(*value),
        Value::Text(value) => SpinValue::Text(value.clone()),
        Value::Blob(value) => SpinValue::Blob(value.clone()),
    }
}

fn from_spin(value: SpinValue) -> Value {
    match value {
        SpinValue::Null => Value::Null,
        SpinValue::Integer(value) => Value::Integer(value),
        SpinValue::Real(value) => Value::Real(value),
        SpinValue::Text(value) => Value::Text(value),
        SpinValue::Blob(value) => Value::Blob(value),
    }
}
