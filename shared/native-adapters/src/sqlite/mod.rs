//! SQLite in a file: readers in a pool, and one writer that commits for many callers at once.

mod checkpoint;
mod group;
mod values;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy, refusal};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::time::Instant;

use crate::connect::primary_code;
use crate::refusal::from_sqlx;
use crate::rows::read_rows;
use crate::{ConnectError, FileFault, MigrateError};
use writer::Writer;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/sqlite");

/// SQLite's result code for a lock that another holds.
const BUSY: i32 = 5;

/// How long SQLite itself waits for the write lock before the writer asks again.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// How often migrating is begun again beside once for each migration, which another process may have applied in between:
/// SQLite has no lock for it.
const MIGRATION_ATTEMPTS: usize = 5;

/// The limits of a [`NativeSqlite`].
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// How long to wait for room in the queue, for another process's write lock, or for a reader.
    pub busy_timeout: Duration,
    /// How many queries may read at once.
    pub read_connections: u32,
    /// How many callers' writes may share one transaction.
    pub group_limit: usize,
    /// How many callers may wait for the writer before more have to wait to be queued.
    pub queue_limit: usize,
    /// How many prepared statements a connection keeps.
    pub statement_cache: usize,
    /// Whether a commit waits for the disk. Without it a commit survives the end of the process, but the last ones may
    /// be lost with the machine's power.
    pub flush_every_commit: bool,
    /// How many pages of 4 KiB the write-ahead log may have before a commit moves to the file what was not moved beside
    /// it. Writers wait for that and for the disk, so more means fewer stalls, and a larger log.
    pub checkpoint_pages: u32,
    /// How long after a commit the write-ahead log is moved to the file beside the writer.
    pub checkpoint_after: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            read_connections: 4,
            group_limit: 64,
            queue_limit: 1024,
            statement_cache: 256,
            flush_every_commit: false,
            checkpoint_pages: 8192,
            checkpoint_after: Duration::from_millis(100),
        }
    }
}

/// A SQLite file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NativeSqlite {
    options: Arc<SqliteConnectOptions>,
    readers: SqlitePool,
    writer: Writer,
}

impl NativeSqlite {
    /// Opens the file, and creates it when it is missing. Must be called on a Tokio runtime, where the writer lives.
    ///
    /// # Errors
    /// [`ConnectError::File`].
    pub async fn connect(path: &Path, options: &SqliteOptions) -> Result<Self, ConnectError> {
        let refuse = |fault| ConnectError::File { path: path.to_path_buf(), fault };
        FileFault::look_for(path).map_err(refuse)?;
        let synchronous = if options.flush_every_commit { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
        let connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(options.busy_timeout)
            .foreign_keys(true)
            // What a savepoint would restore stays in memory, where a small write is cheaper than in a temporary file.
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", options.checkpoint_pages.to_string())
            .statement_cache_capacity(options.statement_cache)
            .disable_statement_logging();
        let writing = connection.clone().busy_timeout(options.busy_timeout.min(LOCK_POLL));
        let first =
            open(&writing, options.busy_timeout).await.map_err(|error| refuse(FileFault::from_sqlite(&error)))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.read_connections)
            .acquire_timeout(options.busy_timeout)
            // A file does not hang up, so there is nothing to test before every query.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(connection.clone().pragma("query_only", "on"));
        let writer = Writer::start(first, writing, options);
        Ok(Self { options: Arc::new(connection), readers, writer })
    }

    pub(crate) async fn migrate(&self) -> Result<(), MigrateError> {
        let connections = SqlitePoolOptions::new().max_connections(1).connect_lazy_with((*self.options).clone());
        let (mut attempt, most) = (1, MIGRATOR.iter().count() + MIGRATION_ATTEMPTS);
        loop {
            match MIGRATOR.run(&connections).await {
                Err(sqlx::migrate::MigrateError::Execute(_) | sqlx::migrate::MigrateError::ExecuteMigration(..))
                    if attempt < most =>
                {
                    attempt += 1
                }
                result => return Ok(result?),
            }
        }
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// Opens the first connection. The first of all turns the write-ahead log on, and those that come at the same moment
/// are refused at once, however long they would have waited.
async fn open(options: &SqliteConnectOptions, patience: Duration) -> Result<SqliteConnection, sqlx::Error> {
    let deadline = Instant::now() + patience;
    loop {
        match options.connect().await {
            Err(error) if primary_code(&error) == Some(BUSY) && Instant::now() < deadline => {
                tokio::time::sleep(LOCK_POLL / 10).await
            }
            result => return result,
        }
    }
}

#[async_trait]
impl Sql for NativeSqlite {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        if statement.writes() {
            return Ok(self.writer.run(vec![statement.into()]).await?.rows);
        }
        refusal::check_parameters(&statement)?;
        let (text, parameters) = statement.into_parts();
        let query = sqlx::query_with(sqlx::AssertSqlSafe(text), values::arguments(parameters));
        let rows = query.fetch_all(&self.readers).await.map_err(from_sqlx)?;
        read_rows(&rows, values::decode)
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        let outcome = self.writer.run(vec![statement.into()]).await?;
        Ok(outcome.counts.first().copied().unwrap_or(0))
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        // Nothing here goes by it, but what PostgreSQL refuses is refused here too.
        Tenancy::of_batch(&steps)?;
        Ok(self.writer.run(steps).await?.counts)
    }
}
