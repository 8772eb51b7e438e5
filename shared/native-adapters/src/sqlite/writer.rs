//! The one writer of a file, and the queue before it.
//!
//! SQLite writes one transaction at a time, and most of what a small one costs is its begin and commit. So callers
//! queue here, and the writer runs those that wait in one transaction. It answers only after the commit.

use std::time::Duration;

use bulkhead_kernel::sql::{Row, SqlError, Step, refusal};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::SqliteOptions;
use super::checkpoint::Checkpoints;
use super::group;
use crate::refusal::from_sqlx;

/// How many callers' steps travel to SQLite's thread together. More save more of the way, but there are more texts of
/// which a connection keeps the prepared statements.
const JOINED: usize = 4;

/// What one caller asked for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) steps: Vec<Step>,
    /// When its caller's patience for the write lock ends.
    pub(super) deadline: Instant,
    pub(super) answer: oneshot::Sender<Result<Outcome, SqlError>>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The rows that each step affected.
    pub(super) counts: Vec<u64>,
    /// The rows that the steps returned.
    pub(super) rows: Vec<Row>,
}

#[derive(Debug)]
enum Message {
    Run(Job),
    Close(oneshot::Sender<()>),
}

/// The way to the writer.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    patience: Duration,
}

impl Writer {
    /// Starts the writer on its connection. It ends when the last clone is dropped.
    pub(super) fn start(
        connection: SqliteConnection,
        reconnect: SqliteConnectOptions,
        options: &SqliteOptions,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(options.queue_limit.max(1));
        let checkpoints = Checkpoints::start(reconnect.clone(), options.checkpoint_after);
        let group_limit = options.group_limit.max(1);
        let task = Task { jobs, connection: Some(connection), reconnect, checkpoints, group_limit };
        tokio::spawn(task.run());
        Self { queue, patience: options.busy_timeout }
    }

    /// Runs the steps, all or none, and gives what came of them once they are committed. Once queued they run even if
    /// the caller stops waiting.
    pub(super) async fn run(&self, steps: Vec<Step>) -> Result<Outcome, SqlError> {
        for step in &steps {
            refusal::check_parameters(&step.statement)?;
        }
        let (answer, outcome) = oneshot::channel();
        let deadline = Instant::now() + self.patience;
        let closed = || SqlError::Unavailable("the database was closed".to_owned());
        match self.queue.send_timeout(Message::Run(Job { steps, deadline, answer }), self.patience).await {
            Ok(()) => outcome.await.unwrap_or_else(|_| Err(closed())),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                Err(SqlError::Unavailable("too many writes are waiting".to_owned()))
            }
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(closed()),
        }
    }

    /// Lets what is queued run, then closes the connection.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that the writer has ended, which is what was asked for.
            let _ended = closed.await;
        }
    }
}

struct Task {
    jobs: mpsc::Receiver<Message>,
    connection: Option<SqliteConnection>,
    reconnect: SqliteConnectOptions,
    checkpoints: Checkpoints,
    group_limit: usize,
}

impl Task {
    async fn run(mut self) {
        let mut closing = Vec::new();
        while let Some(message) = self.jobs.recv().await {
            match message {
                Message::Run(job) => self.write(job, &mut closing).await,
                Message::Close(done) => closing.push(done),
            }
            if !closing.is_empty() {
                // What is queued still runs; nothing more is taken.
                self.jobs.close();
            }
        }
        self.checkpoints.close().await;
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database file was not closed cleanly");
        }
        for done in closing {
            // Whoever asked may have stopped waiting.
            let _gone = done.send(());
        }
    }

    /// Runs this job and those that wait behind it in one transaction.
    async fn write(&mut self, first: Job, closing: &mut Vec<oneshot::Sender<()>>) {
        let mut connection = match self.connected().await {
            Ok(connection) => connection,
            Err(error) => {
                let _gone = first.answer.send(Err(error));
                return;
            }
        };
        let mut group = group::Group::new(&mut connection);
        // By itself, because how long to wait for the lock is its own to say.
        let mut next = vec![first];
        while !next.is_empty() {
            group.add(std::mem::take(&mut next)).await;
            if group.is_open() {
                self.add_waiting(&mut next, self.group_limit - group.len(), closing);
            }
        }
        if group.commit().await {
            self.connection = Some(connection);
        }
        self.checkpoints.committed();
    }

    /// Adds jobs that wait in the queue, until there are `room` or as many as travel together.
    fn add_waiting(&mut self, next: &mut Vec<Job>, room: usize, closing: &mut Vec<oneshot::Sender<()>>) {
        while next.len() < room.min(JOINED) {
            match self.jobs.try_recv() {
                Ok(Message::Run(job)) => next.push(job),
                Ok(Message::Close(done)) => closing.push(done),
                Err(_) => return,
            }
        }
    }

    async fn connected(&mut self) -> Result<SqliteConnection, SqlError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.reconnect.connect().await.map_err(from_sqlx),
        }
    }
}
