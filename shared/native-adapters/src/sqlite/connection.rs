//! One connection to the file: how it is set up, and how a statement is run on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bulkhead_kernel::sql::{Row, SqlError, Statement, Value, refusal};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, ErrorCode, OpenFlags, ToSql};

use super::SqliteOptions;

/// How long SQLite itself waits for a lock before the writer asks again.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// How many times longer than it should be the log gets before a commit has to move it.
const BACKSTOP: u32 = 8;

/// SQLite counts milliseconds in 32 bits.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// How connections are set up.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    path: PathBuf,
    pragmas: String,
    statement_cache: usize,
    busy_timeout: Duration,
}

impl Setup {
    /// Of one that writes.
    pub(super) fn writing(path: PathBuf, options: &SqliteOptions) -> Self {
        let synchronous = if options.flush_every_commit { "full" } else { "normal" };
        // What a savepoint would restore stays in memory, where a small write is cheaper than in a temporary file.
        let pragmas = format!(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = on; \
             PRAGMA temp_store = memory; PRAGMA wal_autocheckpoint = {}",
            options.checkpoint_pages.saturating_mul(BACKSTOP)
        );
        let busy_timeout = options.busy_timeout.min(LOCK_POLL);
        Self { path, pragmas, statement_cache: options.statement_cache, busy_timeout }
    }

    /// Of one that reads.
    pub(super) fn reading(path: PathBuf, options: &SqliteOptions) -> Self {
        let Self { path, pragmas, statement_cache, .. } = Self::writing(path, options);
        let busy_timeout = options.busy_timeout.min(LONGEST_TIMEOUT);
        Self { path, pragmas: format!("{pragmas}; PRAGMA query_only = on"), statement_cache, busy_timeout }
    }

    /// Opens the file, and creates it when it is missing.
    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        self.wait_for_locks(&connection)?;
        connection.set_prepared_statement_cache_capacity(self.statement_cache);
        connection.execute_batch(&self.pragmas)?;
        Ok(connection)
    }

    /// Lets a connection wait for others' locks as long as it may.
    pub(super) fn wait_for_locks(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.busy_timeout(self.busy_timeout)
    }

    /// [`Self::open`] for the first connection. The first of all turns the write-ahead log on, and those that come at the same moment
    /// are refused at once, however long they would have waited.
    pub(super) fn open_first(&self, patience: Duration) -> rusqlite::Result<Connection> {
        let start = Instant::now();
        loop {
            match self.open() {
                Err(error) if is_busy(&error) && start.elapsed() < patience => thread::sleep(LOCK_POLL / 10),
                result => return result,
            }
        }
    }
}

/// Whether another holds a lock.
fn is_busy(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Runs one statement, and gives the count of rows that the port promises.
pub(super) fn run(connection: &Connection, statement: &Statement) -> Result<u64, SqlError> {
    each_row(connection, statement, |_, _| Ok(()))
}

/// The same, with the rows that it returns.
pub(super) fn run_for_rows(connection: &Connection, statement: &Statement) -> Result<(u64, Vec<Row>), SqlError> {
    let mut read = Vec::new();
    let affected = each_row(connection, statement, |columns, row| {
        let values = columns.iter().enumerate().map(|(index, column)| {
            let value = row.get_ref(index).ok().and_then(value);
            value.ok_or_else(|| SqlError::Decode { column: column.clone() })
        });
        read.push(Row::new(columns.clone(), values.collect::<Result<_, _>>()?));
        Ok(())
    })?;
    Ok((affected, read))
}

fn each_row(
    connection: &Connection,
    statement: &Statement,
    mut each: impl FnMut(&Arc<[String]>, &rusqlite::Row<'_>) -> Result<(), SqlError>,
) -> Result<u64, SqlError> {
    let mut prepared = connection.prepare_cached(statement.text()).map_err(refused)?;
    bind(&mut prepared, statement.parameters())?;
    let mut columns: Option<Arc<[String]>> = None;
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next().map_err(refused)? {
        let columns =
            columns.get_or_insert_with(|| row.as_ref().column_names().into_iter().map(str::to_owned).collect());
        each(columns, row)?;
    }
    Ok(statement.affected(connection.changes()))
}

/// Binds `$1` and those after it. To SQLite `$1` is a name: it numbers names in the order in which it first meets them.
fn bind(prepared: &mut CachedStatement<'_>, parameters: &[Value]) -> Result<(), SqlError> {
    for index in 1..=prepared.parameter_count() {
        let name = prepared.parameter_name(index).unwrap_or_default();
        let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        let value = number.and_then(|number| parameters.get(number.checked_sub(1)?));
        let value = value.ok_or_else(|| SqlError::Other(format!("parameter {name} has no value")))?;
        prepared.raw_bind_parameter(index, Parameter(value)).map_err(refused)?;
    }
    Ok(())
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

/// The port's value; `None` for a text that is none.
fn value(raw: ValueRef<'_>) -> Option<Value> {
    Some(match raw {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => Value::Text(std::str::from_utf8(value).ok()?.to_owned()),
        ValueRef::Blob(value) => Value::Blob(value.to_owned()),
    })
}

/// What SQLite refuses, as the port's errors.
pub(super) fn refused(error: Error) -> SqlError {
    match error {
        // It is also misused with a text that has no statement.
        Error::MultipleStatement => several_statements(),
        Error::SqliteFailure(code, _) if code.code == ErrorCode::ApiMisuse => several_statements(),
        Error::SqliteFailure(_, Some(message)) | Error::SqlInputError { msg: message, .. } => {
            refusal::from_sqlite(&message)
        }
        error => refusal::from_sqlite(&error.to_string()),
    }
}

fn several_statements() -> SqlError {
    SqlError::Other("a step is one SQL statement, neither none nor several".to_owned())
}
