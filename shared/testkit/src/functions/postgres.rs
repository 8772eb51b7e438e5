//! Databases of a test's own on the PostgreSQL server that the test command starts.
//!
//! What is done here is done as whoever the server's URL names, whom no policy holds for.

use bulkhead_kernel::entropy;
use bulkhead_native_adapters::OsEntropy;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// Makes a database and gives its URL. It goes with the server.
///
/// # Panics
/// When there is no server.
#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
pub async fn create_database() -> String {
    let server = std::env::var("BULKHEAD_TEST_POSTGRES_URL").expect("`cargo xtask test` starts a server");
    let name = format!("fixture_{}", hex::encode(entropy::bytes::<8>(&OsEntropy)));
    administer(&server, &format!("CREATE DATABASE {name}")).await;
    let (before, _) = server.rsplit_once('/').expect("the URL names a database");
    format!("{before}/{name}")
}

/// Lets the application's role make tables in a migrated database, as the tests of the port do.
///
/// # Panics
/// When that is refused.
pub async fn let_make_tables(url: &str) {
    let grant = "DO $$ BEGIN EXECUTE format('GRANT CREATE ON SCHEMA public TO %I', bulkhead_role()); END $$";
    administer(url, grant).await;
}

/// Runs statements on a database, past all policies.
///
/// # Panics
/// When they are refused.
pub async fn administer(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connects");
    connection.execute(AssertSqlSafe(statements)).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
    connection.close().await.expect("closes");
}
