//! Several callers' writes in one transaction, of which each is undone alone when it fails.

use std::thread;
use std::time::{Duration, Instant};

use bulkhead_kernel::sql::{SqlError, Step};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::{refused, run, run_for_rows};
use super::queue::{Job, Outcome};

/// How long to wait before asking again for a lock that SQLite refused.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// Runs the callers' steps in one transaction, commits, and then answers: the first one, and up to `limit` with those that wait
/// behind it. Gives whether the connection can be used again.
pub(super) fn write(
    connection: &Connection,
    first: Job,
    limit: usize,
    mut waiting: impl FnMut() -> Option<Job>,
) -> bool {
    // By its own patience, because how long to wait for the lock is its own to say.
    if let Err(error) = begin(connection, first.deadline) {
        // Whoever stopped waiting has no use for the answer; nor below.
        let _gone = first.answer.send(Err(error));
        return connection.is_autocommit();
    }
    let mut results: Vec<(oneshot::Sender<_>, Result<Outcome, SqlError>)> = Vec::new();
    let mut next = Some(first);
    while let Some(Job { steps, answer, .. }) = next {
        results.push((answer, run_alone(connection, &steps)));
        let has_room = results.len() < limit && !connection.is_autocommit();
        next = if has_room { waiting() } else { None };
    }
    let committed = if connection.is_autocommit() {
        // SQLite gave the transaction up, as it does when the disk is full; the last caller was told why.
        let told = results.last().and_then(|(_, result)| result.as_ref().err().cloned());
        Err(told.unwrap_or_else(|| SqlError::Unavailable("the transaction was given up".to_owned())))
    } else {
        control(connection, "COMMIT")
    };
    for (answer, result) in results {
        let _gone = answer.send(committed.clone().and(result));
    }
    // Without a transaction there is nothing to undo, and closing the connection ends whatever is left.
    connection.is_autocommit() || control(connection, "ROLLBACK").is_ok()
}

/// Takes the write lock. It waits for other processes until the deadline; the connection's own busy timeout is short, so that
/// the caller is told soon.
fn begin(connection: &Connection, deadline: Instant) -> Result<(), SqlError> {
    while Instant::now() < deadline {
        match control(connection, "BEGIN IMMEDIATE") {
            Err(SqlError::Unavailable(_)) => thread::sleep(RETRY_AFTER),
            result => return result,
        }
    }
    Err(SqlError::Unavailable("database is locked: another process has been writing for too long".to_owned()))
}

/// Runs one caller's steps, all or none.
fn run_alone(connection: &Connection, steps: &[Step]) -> Result<Outcome, SqlError> {
    control(connection, "SAVEPOINT caller")?;
    let done = run_steps(connection, steps).and_then(|outcome| {
        // So that SQLite stops watching its pages.
        control(connection, "RELEASE caller")?;
        Ok(outcome)
    });
    if done.is_err() && !connection.is_autocommit() {
        control(connection, "ROLLBACK TO caller")?;
        control(connection, "RELEASE caller")?;
    }
    done
}

fn run_steps(connection: &Connection, steps: &[Step]) -> Result<Outcome, SqlError> {
    let mut outcome = Outcome::default();
    for (index, Step { statement, expected_rows }) in steps.iter().enumerate() {
        // Only a statement by itself has a use for what it returns.
        let affected = if steps.len() == 1 {
            let (affected, rows) = run_for_rows(connection, statement)?;
            outcome.rows = rows;
            affected
        } else {
            run(connection, statement)?
        };
        if let Some(expected) = *expected_rows
            && expected != affected
        {
            return Err(SqlError::UnexpectedRows { step: index, expected, affected });
        }
        outcome.counts.push(affected);
    }
    Ok(outcome)
}

/// Begins, ends or divides a transaction.
fn control(connection: &Connection, text: &'static str) -> Result<(), SqlError> {
    connection.prepare_cached(text).and_then(|mut prepared| prepared.raw_execute()).map(drop).map_err(refused)
}
