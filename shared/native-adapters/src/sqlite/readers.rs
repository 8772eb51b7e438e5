//! Queries, on threads that may wait for the disk; look-ups of one row where the caller is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bulkhead_kernel::sql::{Row, SqlError, Statement};
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::SqliteOptions;
use super::connection::{Setup, refused, run_for_rows};

/// Connections that read. They are opened when they are needed, and kept.
#[derive(Debug)]
pub(super) struct Readers {
    setup: Setup,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
    connections: u32,
    patience: Duration,
}

impl Readers {
    pub(super) fn new(setup: Setup, options: &SqliteOptions) -> Self {
        let connections = options.read_connections.max(1);
        let places = Arc::new(Semaphore::new(connections as usize));
        Self { setup, idle: Mutex::default(), places, connections, patience: options.busy_timeout }
    }

    /// Gives a statement's rows, as soon as a connection is free.
    pub(super) async fn query(self: Arc<Self>, statement: Statement) -> Result<Vec<Row>, SqlError> {
        let unavailable = |reason: &str| SqlError::Unavailable(reason.to_owned());
        let place = timeout(self.patience, self.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| unavailable("too many queries are waiting"))?;
        let place = place.map_err(|_| unavailable("the database was closed"))?;
        let reading = spawn_blocking(move || {
            let _place = place;
            self.read(&statement)
        });
        reading.await.unwrap_or_else(|_| Err(unavailable("the query was given up")))
    }

    /// Gives the row of a statement that has one at most. In pages that are cached it is found in less time than the change to
    /// another thread and back takes; so nothing is changed unless it would have to wait, for a connection or for a lock.
    pub(super) async fn look_up(self: Arc<Self>, statement: Statement) -> Result<Option<Row>, SqlError> {
        let rows = match self.look_up_at_once(&statement) {
            Some(found) => found?,
            None => self.query(statement).await?,
        };
        Ok(rows.into_iter().next())
    }

    fn look_up_at_once(&self, statement: &Statement) -> Option<Result<Vec<Row>, SqlError>> {
        let _place = self.places.try_acquire().ok()?;
        let connection = self.idle().pop()?;
        connection.busy_timeout(Duration::ZERO).ok()?;
        match self.read_on(connection, statement) {
            Err(SqlError::Unavailable(_)) => None,
            found => Some(found),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let kept = self.idle().pop();
        // A kept one waits as whoever had it last wanted.
        let waiting = |kept| self.setup.wait_for_locks(&kept).map(|()| kept);
        let connection = kept.map_or_else(|| self.setup.open(), waiting).map_err(refused)?;
        self.read_on(connection, statement)
    }

    fn read_on(&self, connection: Connection, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let read = run_for_rows(&connection, statement);
        // One that could not read may be of no use any more.
        if !matches!(read, Err(SqlError::Unavailable(_))) {
            self.idle().push(connection);
        }
        read.map(|(_, rows)| rows)
    }

    /// Refuses what comes later, and waits for what is being read.
    pub(super) async fn close(&self) {
        let _all = timeout(self.patience, self.places.acquire_many(self.connections)).await;
        self.places.close();
        self.idle().clear();
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_kernel::sql::{Value, sql};

    use super::*;

    #[tokio::test]
    async fn a_look_up_waits_for_a_lock_on_another_thread() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = SqliteOptions::default();
        let readers = Arc::new(Readers::new(Setup::reading(folder.path().join("t.db"), &options), &options));
        assert!(readers.look_up_at_once(&sql("SELECT 1")).is_none(), "there is no connection to do it on");

        // Without a write-ahead log whoever writes keeps readers out.
        let locked = folder.path().join("locked.db");
        let (owner, reader) = (Connection::open(&locked).expect("opens"), Connection::open(&locked).expect("opens"));
        owner.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1); BEGIN EXCLUSIVE").expect("locks");
        readers.idle().push(reader);
        let look_up = sql("SELECT n FROM t");
        assert!(readers.look_up_at_once(&look_up).is_none(), "it did not wait");
        assert!(readers.idle().is_empty(), "a connection that could not read is not kept");

        owner.execute_batch("COMMIT").expect("unlocks");
        readers.idle().push(Connection::open(&locked).expect("opens"));
        let found = readers.look_up_at_once(&look_up).expect("it is free").expect("reads");
        assert_eq!(found.iter().map(|row| row.values().to_vec()).collect::<Vec<_>>(), [[Value::from(1_i64)]]);
        assert_eq!(readers.idle().len(), 1);
    }
}
