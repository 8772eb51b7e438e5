//! `spin:sqlite`: the database `default`.

use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, InterruptHandle, Row, ToSql};
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::sqlite_connection::Session;
pub(crate) use super::sqlite_connection::SqlitePool;
use super::stream::FromChannel;
use crate::edge::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use crate::edge::guest::{ComponentContext, GuestData, GuestState};

/// Rows that are read ahead of the function.
const READ_AHEAD: usize = 64;

/// A function's handle to a connection.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenConnection {
    session: Arc<Session>,
    interrupt: InterruptHandle,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        // A statement that still runs holds the session on another thread; nobody wants its rows any more.
        self.interrupt.interrupt();
    }
}

type Columns = Vec<String>;
type Streamed = (Columns, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for GuestState {}

impl HostConnection for GuestState {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        match open(self.component.clone(), &database).await {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute(
        &mut self,
        connection: Resource<OpenConnection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let session = self.table.get(&connection)?.session.clone();
        let limit = self.component.limits.host_result_bytes;
        blocking(move || {
            let mut rows = Vec::new();
            let mut columns = Vec::new();
            let mut bytes = 0;
            run(
                &session,
                &statement,
                &parameters,
                |names| columns = names,
                |row| {
                    bytes += size(&row);
                    if bytes > limit {
                        return Err(too_large(limit));
                    }
                    rows.push(row);
                    Ok(())
                },
            )?;
            Ok(QueryResult { columns, rows })
        })
        .await
    }

    async fn last_insert_rowid(&mut self, connection: Resource<OpenConnection>) -> wasmtime::Result<i64> {
        let session = self.table.get(&connection)?.session.clone();
        Ok(tokio::task::spawn_blocking(move || session.last_insert_rowid()).await?)
    }

    async fn changes(&mut self, connection: Resource<OpenConnection>) -> wasmtime::Result<u64> {
        let session = self.table.get(&connection)?.session.clone();
        Ok(tokio::task::spawn_blocking(move || session.changes()).await?)
    }

    async fn drop(&mut self, connection: Resource<OpenConnection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for GuestData {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> wasmtime::Result<Result<Resource<OpenConnection>, Error>> {
        let component = accessor.with(|mut access| access.get().component.clone());
        match open(component, &database).await {
            Ok(connection) => Ok(Ok(accessor.with(|mut access| access.get().table.push(connection))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<OpenConnection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Streamed, Error>> {
        let (session, limit) = accessor.with(|mut access| {
            let state = access.get();
            let session = state.table.get(&connection)?.session.clone();
            wasmtime::error::Ok((session, state.component.limits.host_result_bytes))
        })?;
        let (columns_sender, columns) = oneshot::channel();
        let (rows_sender, rows) = mpsc::channel(READ_AHEAD);
        let (end_sender, end) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let columns = |names| _ = columns_sender.send(names);
            let result = run(&session, &statement, &parameters, columns, |row| {
                if size(&row) > limit {
                    return Err(too_large(limit));
                }
                rows_sender.blocking_send(row).map_err(|_| Error::Io("the rows are no longer read".into()))
            });
            // The connection is free before the function learns of the end, so that what it does next finds it so.
            drop(session);
            end_sender.send(result).ok();
        });
        // No columns come when the statement can't be prepared; the end says why.
        let columns = columns.await.unwrap_or_default();
        accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, FromChannel(rows))?;
            let end = FutureReader::new(&mut access, end)?;
            Ok(Ok((columns, rows, end)))
        })
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<OpenConnection>,
    ) -> wasmtime::Result<i64> {
        let session =
            accessor.with(|mut access| access.get().table.get(&connection).map(|open| open.session.clone()))?;
        Ok(tokio::task::spawn_blocking(move || session.last_insert_rowid()).await?)
    }

    async fn changes_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<OpenConnection>,
    ) -> wasmtime::Result<u64> {
        let session =
            accessor.with(|mut access| access.get().table.get(&connection).map(|open| open.session.clone()))?;
        Ok(tokio::task::spawn_blocking(move || session.changes()).await?)
    }
}

async fn open(component: Arc<ComponentContext>, database: &str) -> Result<OpenConnection, Error> {
    // On Spin too, a database that the manifest does not list is denied whether it exists or not.
    let pool = component.sqlite.as_ref().filter(|_| database == "default").ok_or(Error::AccessDenied)?;
    let (session, interrupt) = pool.clone().open().await.map_err(Error::Io)?;
    Ok(OpenConnection { session, interrupt })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> wasmtime::Result<T> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// Runs one statement. Blocks.
fn run(
    session: &Session,
    statement: &str,
    parameters: &[Value],
    columns: impl FnOnce(Columns),
    row: impl FnMut(RowResult) -> Result<(), Error>,
) -> Result<(), Error> {
    let run = |connection: &Connection| run_on(connection, statement, parameters, columns, row);
    session.with(run).unwrap_or(Err(Error::InvalidConnection))
}

fn run_on(
    connection: &Connection,
    statement: &str,
    parameters: &[Value],
    columns: impl FnOnce(Columns),
    mut row: impl FnMut(RowResult) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| Error::Io(error.to_string());
    let mut statement = connection.prepare_cached(statement).map_err(failed)?;
    columns(statement.column_names().into_iter().map(str::to_owned).collect());
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(parameters)).map_err(failed)?;
    while let Some(found) = rows.next().map_err(failed)? {
        row(read(found, width).map_err(failed)?)?;
    }
    Ok(())
}

fn read(row: &Row<'_>, width: usize) -> rusqlite::Result<RowResult> {
    let values = (0..width).map(|index| {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(value) => Value::Integer(value),
            ValueRef::Real(value) => Value::Real(value),
            ValueRef::Text(text) => Value::Text(
                std::str::from_utf8(text).map_err(|error| rusqlite::Error::Utf8Error(index, error))?.to_owned(),
            ),
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        })
    });
    Ok(RowResult { values: values.collect::<rusqlite::Result<_>>()? })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn size(row: &RowResult) -> usize {
    let of = |value: &Value| {
        size_of::<Value>()
            + match value {
                Value::Text(text) => text.len(),
                Value::Blob(bytes) => bytes.len(),
                Value::Null | Value::Integer(_) | Value::Real(_) => 0,
            }
    };
    row.values.iter().map(of).sum()
}

fn too_large(limit: usize) -> Error {
    Error::Io(format!("the result is larger than {limit} bytes"))
}
