//! Several callers' writes in one transaction, each in its own savepoint.

use std::fmt::Write as _;
use std::time::Duration;

use bulkhead_kernel::sql::{SqlError, Step};
use futures::TryStreamExt as _;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Either, Executor as _};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::values;
use super::writer::{Job, Outcome};
use crate::refusal::from_sqlx;
use crate::rows::read_rows;

/// How long to wait before asking again for a lock that SQLite refused.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// Takes the write lock, and waits for other processes until the deadline. The connection's own busy timeout is short,
/// so that a caller whose patience has ended is told soon.
pub(super) async fn begin(connection: &mut SqliteConnection, deadline: Instant) -> Result<(), SqlError> {
    while Instant::now() < deadline {
        match connection.execute("BEGIN IMMEDIATE").await.map_err(from_sqlx) {
            Ok(_) => return Ok(()),
            Err(SqlError::Unavailable(_)) => tokio::time::sleep(RETRY_AFTER).await,
            Err(error) => return Err(error),
        }
    }
    Err(SqlError::Unavailable("database is locked: another process has been writing for too long".to_owned()))
}

/// An open transaction and the callers that wait for its commit.
pub(super) struct Group<'a> {
    connection: &'a mut SqliteConnection,
    waiting: Vec<Waiting>,
    lost: Option<SqlError>,
}

struct Waiting {
    answer: oneshot::Sender<Result<Outcome, SqlError>>,
    result: Result<Outcome, SqlError>,
}

impl<'a> Group<'a> {
    pub(super) fn new(connection: &'a mut SqliteConnection) -> Self {
        Self { connection, waiting: Vec::new(), lost: None }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether SQLite gave up the transaction, as it does when the disk is full.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Runs one caller's steps. When one fails, theirs alone are undone.
    pub(super) async fn add(&mut self, job: Job) {
        // The savepoint before is released on the way to the next, so that SQLite stops watching its pages.
        let savepoint = if self.waiting.is_empty() { "SAVEPOINT caller" } else { "RELEASE caller\n;SAVEPOINT caller" };
        let result = run(self.connection, savepoint, job.steps).await;
        if let Err(error) = &result
            && self.connection.execute("ROLLBACK TO caller").await.is_err()
        {
            self.lost = Some(error.clone());
        }
        self.waiting.push(Waiting { answer: job.answer, result });
    }

    /// Commits, then answers. Gives whether the connection can be used again.
    pub(super) async fn commit(mut self) -> bool {
        let committed = match self.lost.take() {
            Some(error) => Err(error),
            None => self.connection.execute("COMMIT").await.map(drop).map_err(from_sqlx),
        };
        for Waiting { answer, result } in self.waiting {
            // A caller that stopped waiting has no use for the answer.
            let _gone = answer.send(committed.clone().and(result));
        }
        // Without a transaction this fails, and closing the connection ends whatever is left.
        committed.is_ok() || self.connection.execute("ROLLBACK").await.is_ok()
    }
}

/// Runs the steps in a savepoint. They travel to SQLite's thread as one text, because the way there and back costs
/// more than a small statement.
async fn run(connection: &mut SqliteConnection, savepoint: &str, steps: Vec<Step>) -> Result<Outcome, SqlError> {
    let mut text = savepoint.to_owned();
    let mut parameters = Vec::new();
    for Step { statement, .. } in &steps {
        let offset = parameters.len();
        let rendered = statement.render(|n| format!("${}", n + offset));
        // A new line, because the text before it may end in a comment.
        write!(text, "\n;{rendered}").expect("a String takes any text");
        parameters.extend_from_slice(statement.parameters());
    }

    let query = sqlx::query_with(AssertSqlSafe(text), values::arguments(parameters));
    let mut results = connection.fetch_many(query);
    let mut counts = Vec::with_capacity(steps.len());
    let mut rows = Vec::new();
    let mut before = savepoint.matches(';').count() + 1;
    while let Some(result) = results.try_next().await.map_err(from_sqlx)? {
        match result {
            Either::Right(row) => rows.push(row),
            Either::Left(_) if before > 0 => before -= 1,
            Either::Left(done) => {
                let index = counts.len();
                let Some(step) = steps.get(index) else { return Err(several_statements()) };
                let affected = step.statement.affected(done.rows_affected());
                if let Some(expected) = step.expected_rows
                    && expected != affected
                {
                    return Err(SqlError::UnexpectedRows { step: index, expected, affected });
                }
                counts.push(affected);
            }
        }
    }
    if counts.len() != steps.len() {
        return Err(several_statements());
    }
    let rows = if steps.len() == 1 { read_rows(&rows, values::decode)? } else { Vec::new() };
    Ok(Outcome { counts, rows })
}

fn several_statements() -> SqlError {
    SqlError::Other("a step is one SQL statement, neither none nor several".to_owned())
}
