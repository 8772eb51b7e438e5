//! Traps in the middle of a batch.
//!
//! Each adds two rows with one batch and dies on the way. Whatever moment it dies at, both rows are there or neither is,
//! and on PostgreSQL no connection is left in a transaction.

use std::time::Duration;

use bulkhead_kernel::sql::{Sql, SqlError, Step, sql};
use futures::future::{Either, select};
use futures::pin_mut;
use spin_sdk::sqlite::{Connection, Error};

use crate::{Answer, survived};

/// How long the batch sleeps in PostgreSQL, well past the trap.
const SLEEP_SECONDS: f64 = 2.0;
/// When the guest dies: the batch has begun by then.
const TRAP_AFTER: Duration = Duration::from_millis(300);
/// How many rows a step writes that is to take longer than [`TRAP_AFTER`] in SQLite, which has no sleep.
const MANY: i64 = 3_000_000;

/// Makes the table when it is missing.
pub(crate) async fn prepare(database: &dyn Sql) -> Result<(), SqlError> {
    let create = "CREATE TABLE IF NOT EXISTS trap_probe (id BIGINT, word TEXT)";
    database.execute(sql(create)).await.map(drop)
}

/// How many rows it has.
pub(crate) async fn rows(database: &dyn Sql) -> Result<i64, SqlError> {
    let row = database.query_optional(sql("SELECT count(*) AS n FROM trap_probe")).await?;
    row.map_or(Ok(0), |row| row.get("n"))
}

fn insert(word: &str) -> Step {
    sql("INSERT INTO trap_probe (id, word) VALUES ($1, $2)").bind(1).bind(word).expecting(1)
}

/// Dies while a batch of the adapter runs.
pub(crate) async fn in_batch(database: &dyn Sql, url: &str) -> Result<Answer, SqlError> {
    prepare(database).await?;
    let slow = if url.starts_with("postgres") {
        sql("SELECT pg_sleep($1)").bind(SLEEP_SECONDS)
    } else {
        sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
             DELETE FROM trap_probe WHERE id = (SELECT -max(i) FROM n)")
        .bind(MANY)
    };
    let batch = database.batch(vec![insert("first"), slow.into(), insert("second")]);
    let alarm = spin_sdk::time::sleep(TRAP_AFTER);
    pin_mut!(batch, alarm);
    match select(batch, alarm).await {
        Either::Left((result, _)) => Ok(survived(&result)),
        Either::Right(_) => trap(),
    }
}

/// Dies between two statements of an open SQLite transaction, as a batch could.
pub(crate) async fn between_statements() -> Result<Answer, Error> {
    let connection = Connection::open_default().await?;
    for text in [
        "CREATE TABLE IF NOT EXISTS trap_probe (id BIGINT, word TEXT)",
        "BEGIN IMMEDIATE",
        "INSERT INTO trap_probe (id, word) VALUES (1, 'first')",
    ] {
        connection.execute(text, []).await?.collect().await?;
    }
    trap()
}

/// Dies after a batch was answered: it stays.
pub(crate) async fn after_answer(database: &dyn Sql) -> Result<Answer, SqlError> {
    prepare(database).await?;
    database.batch(vec![insert("first"), insert("second")]).await?;
    trap()
}

fn trap() -> ! {
    std::process::abort()
}
