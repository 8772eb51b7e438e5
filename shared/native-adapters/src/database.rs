//! The database that a URL names.

use std::path::PathBuf;
use std::sync::Arc;

use bulkhead_kernel::Sql;
use bulkhead_kernel::sql::SqlError;

use crate::{ConnectError, Isolation, IsolationError, NativePostgres, NativeSqlite, PostgresOptions, SqliteOptions};

/// The limits of whichever database the URL names.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// For `sqlite:` URLs.
    pub sqlite: SqliteOptions,
    /// For `postgres:` URLs.
    pub postgres: PostgresOptions,
}

/// An open database. Cheap to clone; every clone is the same connection pool.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file.
    Sqlite(NativeSqlite),
    /// A server.
    Postgres(NativePostgres),
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A migration failed, or a newer version has migrated the database.
    #[error("the database could not be migrated: {0}")]
    Failed(#[from] sqlx::migrate::MigrateError),
    /// The database refused, or went away.
    #[error("the database could not be migrated: {0}")]
    Database(#[from] sqlx::Error),
    /// Migrations are missing, and the user in the URL may not run them.
    #[error(
        "the database is not migrated for this version, and the user of its URL may not do it; run `bulkhead migrate` \
         with the URL of the user that owns the database"
    )]
    NotTheOwner,
}

/// Opens the database that `url` names: `sqlite:PATH` (or `sqlite://PATH`), created when it is missing, or
/// `postgres://USER:PASSWORD@HOST:PORT/NAME` (or `postgres:///NAME?host=/DIRECTORY` for a unix socket). Must be called
/// on a Tokio runtime.
///
/// # Errors
/// [`ConnectError`]: it says what to do.
pub async fn connect(url: &str, options: &Options) -> Result<Database, ConnectError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = sqlite_path(path)?;
        return Ok(Database::Sqlite(NativeSqlite::connect(&path, &options.sqlite).await?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Database::Postgres(NativePostgres::connect(url, &options.postgres).await?));
    }
    Err(ConnectError::Url { reason: "it starts with neither sqlite: nor postgres:".to_owned() })
}

fn sqlite_path(path: &str) -> Result<PathBuf, ConnectError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    let refuse = |reason: &str| Err(ConnectError::Url { reason: reason.to_owned() });
    match path {
        "" => refuse("it names no file"),
        _ if path.starts_with(":memory:") => {
            refuse("a database in memory would be another one for every connection, name a file")
        }
        _ if path.contains('?') => refuse("a file takes no options behind a question mark"),
        _ => Ok(PathBuf::from(path)),
    }
}

impl Database {
    /// The port that use cases are handed.
    #[must_use]
    pub fn sql(&self) -> Arc<dyn Sql> {
        match self {
            Self::Sqlite(database) => Arc::new(database.clone()),
            Self::Postgres(database) => Arc::new(database.clone()),
        }
    }

    /// `sqlite` or `postgresql`, for logs and health.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgresql",
        }
    }

    /// Applies the migrations that have not been. Several processes may do it at once.
    ///
    /// # Errors
    /// [`MigrateError`], also when the database was migrated by a newer version than this.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        match self {
            Self::Sqlite(database) => database.migrate().await,
            Self::Postgres(database) => database.migrate().await,
        }
    }

    /// Sees that the database itself keeps tenants apart, whatever a statement says: PostgreSQL by its policies. SQLite
    /// has nothing of the kind, and gives `None`.
    ///
    /// # Errors
    /// [`IsolationError`]: then nobody should be served.
    pub async fn check_isolation(&self) -> Result<Option<Isolation>, IsolationError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(database) => database.check_isolation().await.map(Some),
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] when it gives none.
    pub async fn ping(&self) -> Result<(), SqlError> {
        self.sql().query(bulkhead_kernel::sql::sql("SELECT 1")).await.map(drop)
    }

    /// Finishes what was asked for and closes the connections. Later calls on any clone are refused.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }
}
