//! The PostgreSQL adapter: limits, and what an abandoned call leaves behind.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_kernel::sql::{Sql, SqlError, Step, sql};
use bulkhead_native_adapters::{Database, Options, PostgresOptions, connect};

#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
fn url() -> String {
    std::env::var("BULKHEAD_TEST_POSTGRES_URL")
        .expect("BULKHEAD_TEST_POSTGRES_URL names a database for tests; `cargo xtask test` starts one")
}

async fn open(postgres: PostgresOptions) -> Database {
    let options = Options { postgres, ..Options::default() };
    let database = connect(&url(), &options).await.expect("connects");
    database.migrate().await.expect("migrates");
    database
}

/// A table of this test's own.
async fn table(database: &Database, name: &str) -> Arc<dyn Sql> {
    let sql_port = database.sql();
    sql_port.execute(sql(format!("DROP TABLE IF EXISTS {name}"))).await.expect("drops");
    sql_port.execute(sql(format!("CREATE TABLE {name} (id BIGINT PRIMARY KEY)"))).await.expect("creates");
    sql_port
}

async fn number(database: &dyn Sql, text: String) -> i64 {
    let row = database.query_optional(sql(text)).await.expect("reads").expect("a row");
    row.get("n").expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_batch_leaves_no_transaction_and_all_or_nothing() {
    // One connection, so that whatever an abandoned call leaves on it meets the next call.
    let database = open(PostgresOptions { max_connections: 1, ..PostgresOptions::default() }).await;
    let port = table(&database, "abandoned").await;
    let insert = |id: i64| -> Step { sql("INSERT INTO abandoned (id) VALUES ($1)").bind(id).into() };
    for round in 0..20_i64 {
        let slow = sql("SELECT pg_sleep(0.05)").into();
        let batch = port.batch(vec![insert(2 * round), slow, insert(2 * round + 1)]);
        let patience = Duration::from_millis(u64::try_from(round).expect("small") * 4);
        let _result = tokio::time::timeout(patience, batch).await;
        let rows = number(port.as_ref(), "SELECT count(*) AS n FROM abandoned".to_owned()).await;
        assert_eq!(rows % 2, 0, "round {round}");
    }
    let watcher = open(PostgresOptions::default()).await;
    let open_transactions = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() \
                             AND state LIKE 'idle in transaction%' AND query LIKE '%abandoned%'";
    assert_eq!(number(watcher.sql().as_ref(), open_transactions.to_owned()).await, 0);
    port.batch(vec![insert(1000)]).await.expect("the connection works on");
    port.execute(sql("DROP TABLE abandoned")).await.expect("drops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_runs_too_long_is_unavailable() {
    let options = PostgresOptions { statement_timeout: Duration::from_millis(200), ..PostgresOptions::default() };
    let port = open(options).await.sql();
    let slow = port.execute(sql("SELECT pg_sleep(5)")).await;
    assert!(matches!(slow, Err(SqlError::Unavailable(_))), "{slow:?}");
    let slow = port.batch(vec![sql("SELECT pg_sleep(5)").into()]).await;
    assert!(matches!(slow, Err(SqlError::Unavailable(_))), "{slow:?}");
    port.execute(sql("SELECT pg_sleep(0.05)")).await.expect("a short one is fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_free_connection_in_time_is_unavailable() {
    let options = PostgresOptions {
        max_connections: 2,
        acquire_timeout: Duration::from_millis(300),
        ..PostgresOptions::default()
    };
    let port = open(options).await.sql();
    let nap = || port.execute(sql("SELECT pg_sleep(1)"));
    let results = futures::future::join_all([nap(), nap(), nap()]).await;
    let refused = results.iter().filter(|result| matches!(result, Err(SqlError::Unavailable(_)))).count();
    assert_eq!((results.len() - refused, refused), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_and_a_value_may_take_turns_in_a_placeholder() {
    let database = open(PostgresOptions { max_connections: 1, ..PostgresOptions::default() }).await;
    let port = database.sql();
    let text = "SELECT coalesce($1, -1) AS n";
    for (value, expected) in [(None, -1), (Some(5), 5), (None, -1), (Some(i64::MAX), i64::MAX)] {
        let row = port.query_optional(sql(text).bind(value)).await.expect("reads").expect("a row");
        assert_eq!(row.get::<i64>("n"), Ok(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_may_migrate_at_once() {
    let migrations = (0..4).map(|_| tokio::spawn(open(PostgresOptions::default())));
    for migration in futures::future::join_all(migrations).await {
        migration.expect("migrates").ping().await.expect("answers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_database_is_unavailable() {
    let database = open(PostgresOptions::default()).await;
    database.close().await;
    assert!(matches!(database.ping().await, Err(SqlError::Unavailable(_))));
}
