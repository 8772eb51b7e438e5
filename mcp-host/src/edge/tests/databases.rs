//! SQLite and the key-value store.

use std::time::Duration;

use super::*;

async fn sqlite(app: &App, scenario: &str) -> String {
    app.get(&format!("/probe/sqlite/{scenario}")).await.ok()
}

#[tokio::test]
async fn values_and_errors_reach_the_function() {
    let app = App::new();
    let values = sqlite(&app, "values").await;
    assert_eq!(values, "Value::Integer(1) Value::Real(2.5) Value::Text(\"text\") Value::Blob([1, 2]) Value::Null");
    let error = app.get("/probe/sqlite/error").await;
    assert!(error.status == 500 && error.text.contains("no such table: nowhere"), "{}", error.text);
    assert_eq!(sqlite(&app, "many").await, "10000");
    assert!(app.get("/probe/sqlite/other-database").await.text.contains("AccessDenied"));
    assert!(app.get("/probe/sqlite/attach").await.text.contains("not authorized"));
}

#[tokio::test]
async fn what_a_function_inserts_is_there_and_a_new_connection_knows_nothing_of_it() {
    let app = App::new();
    sqlite(&app, "create").await;
    assert_eq!(sqlite(&app, "insert").await, "1 1");
    assert_eq!(sqlite(&app, "insert").await, "2 1");
    assert_eq!(sqlite(&app, "fresh").await, "0 0");
    assert_eq!(sqlite(&app, "count").await, "Value::Integer(2)");
}

#[tokio::test]
async fn a_transaction_is_isolated_and_ends_with_its_connection() {
    let app = App::new();
    sqlite(&app, "create").await;
    let counts = sqlite(&app, "isolated").await;
    assert_eq!(counts, "outside Value::Integer(0), inside Value::Integer(1), after Value::Integer(1)");
    app.get("/probe/sqlite/begin-then-trap").await.is_problem(Kind::Internal);
    sqlite(&app, "begin-then-return").await;
    // Nothing is locked, and nothing is half-written.
    assert_eq!(sqlite(&app, "insert").await, "2 1");
    assert_eq!(sqlite(&app, "count").await, "Value::Integer(2)");
}

#[tokio::test]
async fn nothing_but_rows_outlives_a_connection() {
    let app = App::new();
    sqlite(&app, "temporary").await;
    assert!(app.get("/probe/sqlite/temporary-left").await.text.contains("no such table"));
    assert_eq!(sqlite(&app, "foreign-keys").await, "Value::Integer(1)");
    sqlite(&app, "foreign-keys-off").await;
    assert_eq!(sqlite(&app, "foreign-keys").await, "Value::Integer(1)");
}

#[tokio::test]
async fn a_statement_that_never_ends_is_stopped_with_its_request() {
    let app = App::with(|config| config.limits.request_timeout = Duration::from_millis(500));
    app.get("/probe/sqlite/endless").await.is_problem(Kind::Timeout);
    sqlite(&app, "create").await;
    assert_eq!(sqlite(&app, "insert").await, "1 1");
}

#[tokio::test]
async fn a_result_may_be_as_large_as_the_limit_and_no_larger() {
    let app = App::new();
    let large = app.get("/probe/sqlite/large").await;
    assert!(large.status == 500 && large.text.contains("too big"), "{}", large.text);
    let generous = App::with(|config| config.limits.host_result_bytes = 80 << 20);
    generous.get("/probe/sqlite/large").await.is_problem(Kind::OutOfMemory);
}

#[tokio::test]
async fn a_database_that_can_not_be_opened_is_an_error_of_the_function() {
    let app = App::with(|config| config.sqlite_default = "/nowhere/at/all.db".into());
    let answer = app.get("/probe/sqlite/count").await;
    assert!(answer.status == 500 && answer.text.contains("unable to open database file"), "{}", answer.text);
}

#[tokio::test]
async fn key_value_pairs_are_kept() {
    let app = App::new();
    assert_eq!(app.get("/probe/key-value?colour").await.ok(), "None");
    assert_eq!(app.get("/probe/key-value?colour=blue").await.ok(), "set");
    assert_eq!(app.get("/probe/key-value?shape=round").await.ok(), "set");
    assert_eq!(app.get("/probe/key-value?colour=red").await.ok(), "set");
    assert_eq!(app.get("/probe/key-value?colour").await.ok(), "Some(\"red\")");
    assert_eq!(app.get("/probe/key-value").await.ok(), "colour,shape");
    assert_eq!(app.get("/probe/key-value?!colour").await.ok(), "exists: false");
    assert_eq!(app.get("/probe/key-value").await.ok(), "shape");
}

#[tokio::test]
async fn a_value_larger_than_the_limit_is_not_read() {
    let app = App::with(|config| config.limits.host_result_bytes = 4);
    app.get("/probe/key-value?short=1234").await.ok();
    app.get("/probe/key-value?long=12345").await.ok();
    assert_eq!(app.get("/probe/key-value?short").await.ok(), "Some(\"1234\")");
    assert!(app.get("/probe/key-value?long").await.text.contains("larger than 4 bytes"));
}

#[tokio::test]
async fn what_the_manifest_does_not_list_is_denied() {
    let app = App::with(|config| {
        let manifest = std::fs::read_to_string(&config.manifest).expect("readable");
        let without =
            manifest.replace("sqlite_databases = [\"default\"]", "").replace("key_value_stores = [\"default\"]", "");
        std::fs::write(&config.manifest, without).expect("written");
    });
    assert!(app.get("/probe/sqlite/count").await.text.contains("AccessDenied"));
    assert!(app.get("/probe/key-value").await.text.contains("AccessDenied"));
    assert!(!app.folder.path().join("default.db").exists());
}
