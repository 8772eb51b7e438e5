//! A database of the benchmark's own on somebody's PostgreSQL server.

use anyhow::Context;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::runtime::Runtime;
use url::Url;

/// The database. Dropping it drops it.
pub(crate) struct OwnDatabase {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl OwnDatabase {
    /// Creates it.
    ///
    /// # Errors
    /// When the server can't be reached or refuses.
    pub(crate) fn create(server: &str) -> anyhow::Result<Self> {
        let name = format!("bulkhead_bench_{}", std::process::id());
        let mut url = Url::parse(server).context("BULKHEAD_TEST_POSTGRES_URL is no URL")?;
        url.set_path(&name);
        let database = Self { server: server.to_owned(), name, url: url.into() };
        database.tell_server(&format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    fn tell_server(&self, statement: &str) -> anyhow::Result<()> {
        Runtime::new()?.block_on(async {
            // Beside the adapter, whose statements are the application's.
            let mut server = PgConnection::connect(&self.server).await?;
            server.execute(AssertSqlSafe(statement)).await?;
            Ok(server.close().await?)
        })
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        if let Err(error) = self.tell_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name)) {
            eprintln!("the database {} is still there: {error:#}", self.name);
        }
    }
}
