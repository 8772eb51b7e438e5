//! Moving the write-ahead log into the file, beside the writer.
//!
//! SQLite lets the commit that makes the log too long do it, and every caller behind that commit waits for the disk.
//! Here another connection does it a little after a commit, while the writer goes on. The writer's own limit on the
//! log ([`SqliteOptions::checkpoint_pages`](super::SqliteOptions)) stays: under load the log never comes to its end
//! here, and only a writer that finds nothing left to move starts it anew.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tokio::sync::mpsc;

/// Tells the task that something was committed. The task ends with it.
#[derive(Debug)]
pub(super) struct Checkpoints {
    committed: mpsc::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Checkpoints {
    /// Starts the task, which moves commits this long after the first of them.
    pub(super) fn start(options: SqliteConnectOptions, after: Duration) -> Self {
        let (committed, receiver) = mpsc::channel(1);
        Self { committed, task: tokio::spawn(run(receiver, options, after)) }
    }

    /// Something was committed.
    pub(super) fn committed(&self) {
        // Full means that the task has been told already.
        let _told = self.committed.try_send(());
    }

    /// Ends the task and waits until its connection is closed.
    pub(super) async fn close(self) {
        drop(self.committed);
        // It can only have panicked, which the runtime has reported.
        let _ended = self.task.await;
    }
}

async fn run(mut committed: mpsc::Receiver<()>, options: SqliteConnectOptions, after: Duration) {
    let mut connection: Option<SqliteConnection> = None;
    while committed.recv().await.is_some() {
        let end = async { while committed.recv().await.is_some() {} };
        if tokio::time::timeout(after, end).await.is_ok() {
            break;
        }
        if let Err(error) = checkpoint(&mut connection, &options).await {
            tracing::debug!(%error, "the write-ahead log was not moved; the writer will do it");
        }
    }
    if let Some(connection) = connection {
        // The writer, which closes after this, is the one to say when the file was not closed properly.
        let _closed = connection.close().await;
    }
}

/// Moves what was committed. The connection is kept unless it fails.
async fn checkpoint(
    connection: &mut Option<SqliteConnection>,
    options: &SqliteConnectOptions,
) -> Result<(), sqlx::Error> {
    let mut open = match connection.take() {
        Some(open) => open,
        None => options.connect().await?,
    };
    open.execute("PRAGMA wal_checkpoint(PASSIVE)").await?;
    *connection = Some(open);
    Ok(())
}
