//! Both native adapters do what the port promises.

use bulkhead_native_adapters::{Database, Options, connect};
use bulkhead_testkit::functions::postgres;
use bulkhead_testkit::sql_conformance;

async fn passes(database: &Database) {
    let results = sql_conformance::run(database.sql().as_ref(), "native").await;
    let failures: Vec<_> =
        results.iter().filter_map(|case| Some(format!("{}: {}", case.name, case.failure.as_ref()?))).collect();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), results.len(), failures.join("\n"));
    assert!(results.len() > 40, "the suite has {} cases", results.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_conforms() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite:{}", directory.path().join("conformance.db").display());
    let database = connect(&url, &Options::default()).await.expect("connects");
    passes(&database).await;
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_conforms() {
    let url = postgres::create_database().await;
    let database = connect(&url, &Options::default()).await.expect("connects");
    database.migrate().await.expect("migrates");
    postgres::let_make_tables(&url).await;
    passes(&database).await;
    database.close().await;
}
