//! Queries, on threads that may wait for the disk.

use std::sync::{Arc, Mutex, PoisonError};
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

    fn read(&self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let connection = kept.map_or_else(|| self.setup.open(), Ok).map_err(refused)?;
        let read = run_for_rows(&connection, statement);
        // One that could not read may be of no use any more.
        if !matches!(read, Err(SqlError::Unavailable(_))) {
            idle().push(connection);
        }
        read.map(|(_, rows)| rows)
    }

    /// Refuses what comes later, and waits for what is being read.
    pub(super) async fn close(&self) {
        let _all = timeout(self.patience, self.places.acquire_many(self.connections)).await;
        self.places.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
