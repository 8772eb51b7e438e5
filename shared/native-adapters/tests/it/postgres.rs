//! The PostgreSQL adapter: limits, and what an abandoned call leaves behind.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_kernel::sql::{Sql, SqlError, Step, sql};
use bulkhead_native_adapters::{Database, Options, PostgresOptions, connect};
use bulkhead_testkit::functions::postgres::{administer, create_database, let_make_tables};

async fn open_at(url: &str, postgres: PostgresOptions) -> Database {
    let options = Options { postgres, ..Options::default() };
    let database = connect(url, &options).await.expect("connects");
    database.migrate().await.expect("migrates");
    database
}

/// A database of the test's own.
async fn open(postgres: PostgresOptions) -> Database {
    open_at(&create_database().await, postgres).await
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
    let url = create_database().await;
    let database = open_at(&url, PostgresOptions { max_connections: 1, ..PostgresOptions::default() }).await;
    let_make_tables(&url).await;
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
    // Whoever is in the role of the application does not see what the others do.
    let open_transactions = "DO $$ BEGIN ASSERT (SELECT count(*) = 0 FROM pg_stat_activity \
                             WHERE datname = current_database() AND state LIKE 'idle in transaction%'); END $$";
    administer(&url, open_transactions).await;
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
    let url = create_database().await;
    let open = |_| {
        let url = url.clone();
        tokio::spawn(async move { open_at(&url, PostgresOptions::default()).await })
    };
    let migrations = (0..4).map(open);
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
