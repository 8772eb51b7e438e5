//! PostgreSQL over a pool of connections that are about one tenant's rows at a time.

mod isolation;
mod migrate;
mod pool;
mod refusal;
mod session;
mod values;

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::sql::postgres::{BATCH, BATCH_COLUMN, batch_argument, batch_counts, typed};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::ConnectError;
pub use isolation::{Isolation, IsolationError};
use pool::Pool;

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
    /// How old a connection may become before it is closed.
    pub max_lifetime: Duration,
    /// How long a connection may be unused before it is asked for a sign of life, which costs a round trip, before its
    /// next statement.
    pub test_after: Duration,
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
            max_lifetime: Duration::from_mins(30),
            test_after: Duration::from_secs(1),
            statement_cache: 256,
        }
    }
}

/// A database on a PostgreSQL server. Cheap to clone.
///
/// Every statement runs as the application's role, which the migrations make and no policy lets off, and sees the rows
/// that it says it is about. There is one way to a connection, and it sets that: see `pool`.
#[derive(Clone, Debug)]
pub struct NativePostgres {
    pool: Pool,
}

impl NativePostgres {
    /// Connects to the server, so that a wrong URL is noticed here.
    ///
    /// # Errors
    /// [`ConnectError::Url`] and [`ConnectError::Server`].
    pub async fn connect(url: &str, options: &PostgresOptions) -> Result<Self, ConnectError> {
        let connect: PgConnectOptions =
            url.parse().map_err(|error: sqlx::Error| ConnectError::Url { reason: error.to_string() })?;
        let connect = connect
            .application_name("bulkhead")
            .statement_cache_capacity(options.statement_cache)
            .options([("statement_timeout", options.statement_timeout.as_millis().to_string())])
            .disable_statement_logging();
        let first = tokio::time::timeout(options.acquire_timeout, connect.connect()).await;
        let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(ConnectError::Server)?;
        // The role for everything else may have to be made first.
        let _closed = first.close().await;
        Ok(Self { pool: Pool::new(connect, options.clone()) })
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
        let mut lease = self.pool.take(Some(statement.tenancy())).await?;
        let rows = query.fetch_all(lease.connection()).await;
        values::read_rows(&lease.end(rows)?)
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        let (text, parameters) = typed(&statement)?;
        let query = sqlx::query_with(sqlx::AssertSqlSafe(text), values::arguments(parameters));
        let mut lease = self.pool.take(Some(statement.tenancy())).await?;
        let done = query.execute(lease.connection()).await;
        Ok(statement.affected(lease.end(done)?.rows_affected()))
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let tenant = Tenancy::of_batch(&steps)?.setting();
        let argument = batch_argument(&steps)?;
        let query = sqlx::query_with(BATCH, values::arguments([argument.into(), tenant.into()]));
        let mut lease = self.pool.take(None).await?;
        let row = query.fetch_one(lease.connection()).await;
        let row = values::read_rows(std::slice::from_ref(&lease.end(row)?))?.remove(0);
        batch_counts(&steps, &row.get::<String>(BATCH_COLUMN)?)
    }
}
