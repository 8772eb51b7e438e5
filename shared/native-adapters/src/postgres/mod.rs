//! PostgreSQL over a connection pool.

mod values;

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::sql::postgres::{BATCH, BATCH_COLUMN, batch_argument, batch_counts, typed};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::refusal::from_sqlx;
use crate::rows::read_rows;
use crate::{ConnectError, MigrateError};

static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/postgres");

/// The limits of a [`NativePostgres`].
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// How many connections this process may hold.
    pub max_connections: u32,
    /// How long to wait for one of them, connecting included.
    pub acquire_timeout: Duration,
    /// How long a statement may run before the server cancels it.
    pub statement_timeout: Duration,
    /// How long a connection may be unused before it is closed.
    pub idle_timeout: Duration,
    /// How many prepared statements a connection keeps.
    pub statement_cache: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(10),
            statement_cache: 256,
        }
    }
}

/// A database on a PostgreSQL server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NativePostgres {
    pool: PgPool,
}

impl NativePostgres {
    /// Connects to the server, so that a wrong URL is noticed here.
    ///
    /// # Errors
    /// [`ConnectError::Url`] and [`ConnectError::Server`].
    pub async fn connect(url: &str, options: &PostgresOptions) -> Result<Self, ConnectError> {
        let connection: PgConnectOptions =
            url.parse().map_err(|error: sqlx::Error| ConnectError::Url { reason: error.to_string() })?;
        let connection = connection
            .application_name("bulkhead")
            .statement_cache_capacity(options.statement_cache)
            .options([("statement_timeout", options.statement_timeout.as_millis().to_string())])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(options.idle_timeout)
            .connect_with(connection)
            .await
            .map_err(ConnectError::Server)?;
        Ok(Self { pool })
    }

    pub(crate) async fn migrate(&self) -> Result<(), MigrateError> {
        Ok(MIGRATOR.run(&self.pool).await?)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl Sql for NativePostgres {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        let (text, parameters) = typed(&statement)?;
        let query = sqlx::query_with(sqlx::AssertSqlSafe(text), values::arguments(parameters));
        let rows = query.fetch_all(&self.pool).await.map_err(from_sqlx)?;
        read_rows(&rows, values::decode)
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        let (text, parameters) = typed(&statement)?;
        let query = sqlx::query_with(sqlx::AssertSqlSafe(text), values::arguments(parameters));
        let done = query.execute(&self.pool).await.map_err(from_sqlx)?;
        Ok(statement.affected(done.rows_affected()))
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let argument = batch_argument(&steps)?;
        let query = sqlx::query_with(BATCH, values::arguments([argument.into()]));
        let row = query.fetch_one(&self.pool).await.map_err(from_sqlx)?;
        let row = read_rows(std::slice::from_ref(&row), values::decode)?.remove(0);
        batch_counts(&steps, &row.get::<String>(BATCH_COLUMN)?)
    }
}
