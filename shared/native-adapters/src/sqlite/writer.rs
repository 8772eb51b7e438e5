//! The one writer of a file, and the queue before it.
//!
//! SQLite writes one transaction at a time, and most of what a small one costs is its begin and commit. So callers
//! queue here, and the writer runs those that wait in one transaction ([`super::queue`] says which). It answers only after the
//! commit.
//!
//! It is a thread of its own that runs SQLite itself: from a caller to the disk and back there is one change of threads each
//! way, however many statements there are.

use std::io;
use std::thread;
use std::time::Duration;

use bulkhead_kernel::sql::{SqlError, Step, refusal};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::SqliteOptions;
use super::checkpoint::Checkpoints;
use super::connection::{Setup, refused};
use super::group;
use super::queue::{Job, Message, Outcome, Queue};

/// The way to the writer.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    patience: Duration,
}

impl Writer {
    /// Starts the writer on its connection. It ends when the last clone is dropped.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(connection: Connection, setup: Setup, options: &SqliteOptions) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(options.queue_limit.max(1));
        let checkpoints = Checkpoints::start(setup.clone(), options.checkpoint_after, options.checkpoint_pages.into())?;
        let group_limit = options.group_limit.max(1);
        let jobs = Queue::new(jobs, options.queue_limit.max(1));
        let task = Task { jobs, connection: Some(connection), setup, checkpoints, group_limit };
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || task.run())?;
        Ok(Self { queue, patience: options.busy_timeout })
    }

    /// Runs the steps, all or none, and gives what came of them once they are committed. Once queued they run even if
    /// the caller stops waiting.
    pub(super) async fn run(&self, steps: Vec<Step>) -> Result<Outcome, SqlError> {
        for step in &steps {
            refusal::check_parameters(&step.statement)?;
        }
        let (answer, outcome) = oneshot::channel();
        let closed = || SqlError::Unavailable("the database was closed".to_owned());
        let job = Job::new(steps, self.patience, answer);
        match self.queue.send_timeout(Message::Run(job), self.patience).await {
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
    jobs: Queue,
    connection: Option<Connection>,
    setup: Setup,
    checkpoints: Checkpoints,
    group_limit: usize,
}

impl Task {
    fn run(mut self) {
        while let Some((job, others_may_join)) = self.jobs.next() {
            self.write(job, others_may_join);
        }
        self.checkpoints.close();
        if let Some(connection) = self.connection.take()
            && let Err((_, error)) = connection.close()
        {
            tracing::warn!(%error, "the database file was not closed cleanly");
        }
        for done in self.jobs.closing {
            // Whoever asked may have stopped waiting.
            let _gone = done.send(());
        }
    }

    /// Runs this job in a transaction, with those that wait behind it if they may join.
    fn write(&mut self, first: Job, others_may_join: bool) {
        let connection = match self.connection.take().map_or_else(|| self.setup.open(), Ok) {
            Ok(connection) => connection,
            Err(error) => {
                let _gone = first.answer.send(Err(refused(error)));
                return;
            }
        };
        let limit = if others_may_join { self.group_limit } else { 1 };
        if group::write(&connection, first, limit, || self.jobs.short()) {
            self.checkpoints.move_rest(&connection);
            self.connection = Some(connection);
        }
        self.checkpoints.committed();
    }
}
