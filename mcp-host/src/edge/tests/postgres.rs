//! PostgreSQL, over a cluster that the test command starts.

use super::*;

/// The address of a database that tests may write to. Without one this fails: a skipped test proves nothing.
#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
fn address() -> String {
    std::env::var("BULKHEAD_TEST_POSTGRES_URL").expect("BULKHEAD_TEST_POSTGRES_URL is not set: run `cargo xtask test`")
}

fn app(allowed: &str) -> App {
    let address = address();
    let separator = if address.contains('?') { '&' } else { '?' };
    App::with(|config| {
        config.variables.insert("postgres".into(), Secret::new(format!("{address}{separator}sslmode=disable")));
        config.variables.insert("allowed".into(), Secret::new(allowed.into()));
    })
}

async fn run(app: &App, statements: &str) -> Answer {
    app.get(&format!("/probe/postgres?{}", statements.replace(' ', "+"))).await
}

#[tokio::test]
async fn every_kind_of_value_goes_there_and_back() {
    let shown = app("postgres://*:*").get("/probe/postgres?parameters").await.ok();
    for expected in [
        "DbValue::Boolean(true), DbValue::Str(\"true\")",
        "DbValue::Int16(-16)",
        "DbValue::Int64(64)",
        "DbValue::Floating64(2.5)",
        "DbValue::Binary([1, 2])",
        "DbValue::Date((2026, 11, 21)), DbValue::Str(\"2026-11-21\")",
        "DbValue::Time((12, 30, 1, 500000000)), DbValue::Str(\"12:30:01.5\")",
        "DbValue::Datetime((2026, 11, 21, 12, 30, 1, 0))",
        "0198c0de-0000-7000-8000-000000000001",
        "DbValue::Str(\"{\\\"a\\\": 1}\")",
        "DbValue::Decimal(\"12.50\")",
        "DbValue::Str(\"[1,)\")",
        "DbValue::Str(\"(,9.5)\")",
        "DbValue::ArrayInt32([Some(1), None])",
        "DbValue::ArrayStr([Some(\"a\"), None])",
        "DbValue::Str(\"3 mons 2 days 00:00:00.000001\")",
        "DbValue::DbNull, DbValue::DbNull",
    ] {
        assert!(shown.contains(expected), "{expected} is missing from\n{shown}");
    }
}

#[tokio::test]
async fn a_failed_statement_says_why() {
    let app = app("postgres://*:*");
    let answer = run(&app, "SELECT 1/0").await;
    assert!(answer.status == 500 && answer.text.contains("22012"), "{}", answer.text);
    // As on Spin: a timestamptz can't be read.
    assert_eq!(run(&app, "SELECT now()").await.status, 500);
    assert_eq!(run(&app, "SELECT now()::timestamp").await.status, 200);
    assert_eq!(run(&app, "SELECT 1 WHERE false").await.ok(), "");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_reached() {
    let answer = run(&app("postgres://elsewhere:5432"), "SELECT 1").await;
    assert!(answer.status == 500 && answer.text.contains("is not permitted"), "{}", answer.text);
}

#[tokio::test]
async fn a_connection_is_used_again_and_its_session_is_clean() {
    let app = app("postgres://*:*");
    let first = run(&app, "SELECT pg_backend_pid()").await.ok();
    run(&app, "SET application_name TO leftover").await.ok();
    assert_eq!(run(&app, "SELECT pg_backend_pid()").await.ok(), first);
    assert!(!run(&app, "SHOW application_name").await.ok().contains("leftover"));
}

#[tokio::test]
async fn a_transaction_that_a_trap_leaves_open_stays_open_as_on_spin() {
    // This is why an atomic batch of a function must be one statement.
    let app = app("postgres://*:*");
    run(&app, "BEGIN;trap").await.is_problem(Kind::Internal);
    let answer = run(&app, "SELECT now() = statement_timestamp()").await.ok();
    assert!(answer.contains("false"), "{answer}");
}

#[tokio::test]
async fn an_encrypted_connection_is_not_silently_a_plain_one() {
    let address = address().replace("sslmode=disable", "");
    let separator = if address.contains('?') { '&' } else { '?' };
    let app = App::with(|config| {
        config.variables.insert("postgres".into(), Secret::new(format!("{address}{separator}sslmode=require")));
        config.variables.insert("allowed".into(), Secret::new("postgres://*:*".into()));
    });
    let answer = run(&app, "SELECT 1").await;
    assert!(answer.status == 500 && answer.text.contains("ConnectionFailed"), "{}", answer.text);
}
