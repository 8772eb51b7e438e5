//! SQLite in a file: readers in a pool, and one writer that commits for many callers at once.

mod checkpoint;
mod connection;
mod group;
mod queue;
mod readers;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy, refusal};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::{ConnectError, FileFault, MigrateError};
use connection::Setup;
use readers::Readers;
use writer::Writer;

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/sqlite");

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
    /// From how many pages of 4 KiB on the write-ahead log is brought to its end, so that it begins anew. The writer has to
    /// move the last of them, so more means fewer stalls, and a larger log. If it still grows to eight times as many, the
    /// next commit moves all of them.
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
    /// For the migrations, which are sqlx's.
    options: Arc<SqliteConnectOptions>,
    readers: Arc<Readers>,
    writer: Writer,
}

impl NativeSqlite {
    /// Opens the file, and creates it when it is missing.
    ///
    /// # Errors
    /// [`ConnectError::File`].
    pub async fn connect(path: &Path, options: &SqliteOptions) -> Result<Self, ConnectError> {
        let refuse = |fault| ConnectError::File { path: path.to_path_buf(), fault };
        FileFault::look_for(path).map_err(refuse)?;
        let (setup, patience) = (Setup::writing(path.to_path_buf(), options), options.busy_timeout);
        let opening = setup.clone();
        let opened = tokio::task::spawn_blocking(move || opening.open_first(patience)).await;
        let first = opened.map_err(|error| refuse(FileFault::Other(error.to_string())))?;
        let first = first.map_err(|error| refuse(FileFault::from_sqlite(&error)))?;
        let writer = Writer::start(first, setup, options).map_err(|error| refuse(FileFault::from_io(error)))?;
        let readers = Arc::new(Readers::new(Setup::reading(path.to_path_buf(), options), options));
        let migrating = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(patience)
            .foreign_keys(true)
            .disable_statement_logging();
        Ok(Self { options: Arc::new(migrating), readers, writer })
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

#[async_trait]
impl Sql for NativeSqlite {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        if statement.writes() {
            return Ok(self.writer.run(vec![statement.into()]).await?.rows);
        }
        refusal::check_parameters(&statement)?;
        self.readers.clone().query(statement).await
    }

    async fn query_optional(&self, statement: Statement) -> Result<Option<Row>, SqlError> {
        if statement.writes() {
            return Ok(self.query(statement).await?.into_iter().next());
        }
        refusal::check_parameters(&statement)?;
        self.readers.clone().look_up(statement).await
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
