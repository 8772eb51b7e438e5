//! Several callers' writes in one transaction, of which each is undone alone when it fails.

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

/// A text of more steps is prepared for this time alone. A connection keeps a few hundred texts with a prepared statement
/// for each step, some kilobytes: 30,000 calls of tools that log a lot, of whose texts few are alike, filled 70 MiB.
const MOST_KEPT_STEPS: usize = 48;

/// A transaction and the callers that wait for its commit.
pub(super) struct Group<'a> {
    connection: &'a mut SqliteConnection,
    waiting: Vec<Waiting>,
    state: State,
}

struct Waiting {
    answer: oneshot::Sender<Result<Outcome, SqlError>>,
    result: Result<Outcome, SqlError>,
}

enum State {
    /// The first caller begins the transaction.
    New,
    Open,
    /// It could not be begun; there is nothing to commit.
    Refused,
    /// SQLite gave it up, as it does when the disk is full.
    Lost(SqlError),
}

impl<'a> Group<'a> {
    pub(super) fn new(connection: &'a mut SqliteConnection) -> Self {
        Self { connection, waiting: Vec::new(), state: State::New }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether more callers can be added.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Runs these callers' steps together; when one fails, each caller's by themselves, so that theirs alone are undone.
    pub(super) async fn add(&mut self, jobs: Vec<Job>) {
        match self.attempt(&jobs).await {
            Ok(outcomes) => {
                let results = jobs.into_iter().zip(outcomes);
                self.waiting.extend(results.map(|(job, outcome)| Waiting { answer: job.answer, result: Ok(outcome) }));
            }
            Err(_) if self.is_open() && jobs.len() > 1 => {
                for job in jobs {
                    let result = self.attempt(std::slice::from_ref(&job)).await;
                    let result = result.map(|outcomes| outcomes.into_iter().next().unwrap_or_default());
                    self.waiting.push(Waiting { answer: job.answer, result });
                }
            }
            Err(error) => {
                let refused = jobs.into_iter().map(|job| Waiting { answer: job.answer, result: Err(error.clone()) });
                self.waiting.extend(refused);
            }
        }
    }

    /// Runs the steps in a savepoint of their own, and undoes them all when one fails.
    async fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, SqlError> {
        let result = match &self.state {
            State::New => self.begin(jobs).await,
            // The savepoint before is released on the way to the next, so that SQLite stops watching its pages.
            State::Open => run(self.connection, "RELEASE callers\n;SAVEPOINT callers", jobs).await.map_err(|(_, e)| e),
            State::Refused | State::Lost(_) => Err(SqlError::Unavailable("the transaction was given up".to_owned())),
        };
        if let Err(error) = &result
            && self.is_open()
            && self.connection.execute("ROLLBACK TO callers").await.is_err()
        {
            self.state = State::Lost(error.clone());
        }
        result
    }

    /// Takes the write lock and runs the steps of the first caller, which comes alone. It waits for other processes until
    /// that caller's deadline; the connection's own busy timeout is short, so that the caller is told soon.
    async fn begin(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, SqlError> {
        self.state = State::Refused;
        while jobs.iter().all(|job| Instant::now() < job.deadline) {
            match run(self.connection, "BEGIN IMMEDIATE\n;SAVEPOINT callers", jobs).await {
                Err((Reached::Nothing, SqlError::Unavailable(_))) => tokio::time::sleep(RETRY_AFTER).await,
                Err((Reached::Nothing, error)) => return Err(error),
                result => {
                    self.state = State::Open;
                    return result.map_err(|(_, error)| error);
                }
            }
        }
        Err(SqlError::Unavailable("database is locked: another process has been writing for too long".to_owned()))
    }

    /// Commits, then answers. Gives whether the connection can be used again.
    pub(super) async fn commit(self) -> bool {
        let committed = match self.state {
            State::Open => self.connection.execute("COMMIT").await.map(drop).map_err(from_sqlx),
            State::Lost(error) => Err(error),
            State::New | State::Refused => Ok(()),
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
async fn run(
    connection: &mut SqliteConnection,
    savepoint: &str,
    jobs: &[Job],
) -> Result<Vec<Outcome>, (Reached, SqlError)> {
    let mut text = savepoint.to_owned();
    let mut parameters = Vec::new();
    let steps = jobs.iter().map(|job| job.steps.len()).sum::<usize>();
    for Step { statement, .. } in jobs.iter().flat_map(|job| &job.steps) {
        let offset = parameters.len();
        let rendered = statement.render(|n| format!("${}", n + offset));
        // A new line, because the text before it may end in a comment.
        write!(text, "\n;{rendered}").expect("a String takes any text");
        parameters.extend_from_slice(statement.parameters());
    }

    let query = sqlx::query_with(AssertSqlSafe(text), values::arguments(parameters));
    let query = query.persistent(steps <= MOST_KEPT_STEPS);
    let mut results = connection.fetch_many(query);
    let mut reached = Reached::Nothing;
    let mut before = savepoint.matches(';').count() + 1;
    let mut running = jobs.iter();
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(jobs.len());
    let mut job: &[Step] = &[];
    let mut rows = Vec::new();
    while let Some(result) = results.try_next().await.map_err(|error| (reached, from_sqlx(error)))? {
        reached = Reached::Something;
        match result {
            Either::Right(row) => rows.push(row),
            Either::Left(_) if before > 0 => before -= 1,
            Either::Left(done) => {
                if outcomes.last().is_none_or(|outcome| outcome.counts.len() == job.len()) {
                    job = running.next().map_or(&[], |job| &job.steps);
                    outcomes.push(Outcome::default());
                }
                let several = || (reached, several_statements());
                let outcome = outcomes.last_mut().ok_or_else(several)?;
                let index = outcome.counts.len();
                let step = job.get(index).ok_or_else(several)?;
                let affected = step.statement.affected(done.rows_affected());
                if let Some(expected) = step.expected_rows
                    && expected != affected
                {
                    return Err((reached, SqlError::UnexpectedRows { step: index, expected, affected }));
                }
                outcome.counts.push(affected);
                // Only a statement by itself has a use for what it returns.
                if job.len() == 1 {
                    outcome.rows = read_rows(&rows, values::decode).map_err(|error| (reached, error))?;
                }
                rows.clear();
            }
        }
    }
    if outcomes.iter().map(|outcome| outcome.counts.len()).sum::<usize>() != steps {
        return Err((reached, several_statements()));
    }
    Ok(outcomes)
}

fn several_statements() -> SqlError {
    SqlError::Other("a step is one SQL statement, neither none nor several".to_owned())
}

/// How far a text of several statements got.
#[derive(Clone, Copy)]
enum Reached {
    /// Not even the first was done.
    Nothing,
    /// At least the first was.
    Something,
}

#[cfg(test)]
mod tests {
    use bulkhead_kernel::sql::sql;
    use sqlx::Connection as _;

    use super::*;

    async fn kept_after(connection: &mut SqliteConnection, steps: usize) -> usize {
        let steps = (0..steps).map(|_| Step::from(sql("INSERT INTO log VALUES ($1)").bind(1_i64))).collect();
        let job = Job { steps, deadline: Instant::now(), answer: oneshot::channel().0 };
        assert!(run(connection, "SAVEPOINT callers", &[job]).await.is_ok());
        connection.cached_statements_size()
    }

    #[tokio::test]
    async fn long_texts_are_not_kept() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("opens");
        connection.execute("CREATE TABLE log (n INTEGER)").await.expect("creates");
        let before = connection.cached_statements_size();
        assert_eq!(kept_after(&mut connection, MOST_KEPT_STEPS + 1).await, before);
        assert_eq!(kept_after(&mut connection, MOST_KEPT_STEPS).await, before + 1);
        let rows: i64 =
            sqlx::query_scalar("SELECT count(*) FROM log").fetch_one(&mut connection).await.expect("counts");
        assert_eq!(usize::try_from(rows), Ok(2 * MOST_KEPT_STEPS + 1));
    }
}
