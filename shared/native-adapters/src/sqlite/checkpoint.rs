//! Moving the write-ahead log into the file, beside the writer.
//!
//! SQLite lets the commit that makes the log too long do it, and every caller behind that commit waits for the disk.
//! Here another connection does it a little after a commit, while the writer goes on. The writer's own limit on the
//! log ([`SqliteOptions::checkpoint_pages`](super::SqliteOptions)) stays: under load the log never comes to its end
//! here, and only a writer that finds nothing left to move starts it anew.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::Setup;

/// Tells the thread that something was committed. The thread ends with it.
#[derive(Debug)]
pub(super) struct Checkpoints {
    committed: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Starts the thread, which moves commits this long after the first of them.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(setup: Setup, after: Duration) -> io::Result<Self> {
        let (committed, receiver) = sync_channel(1);
        let moves = move || run(&receiver, &setup, after);
        Ok(Self { committed, thread: thread::Builder::new().name("sqlite-log".to_owned()).spawn(moves)? })
    }

    /// Something was committed.
    pub(super) fn committed(&self) {
        // Full means that the thread has been told already.
        let _told = self.committed.try_send(());
    }

    /// Ends the thread and waits until its connection is closed.
    pub(super) fn close(self) {
        drop(self.committed);
        // It can only have panicked, which was reported.
        let _ended = self.thread.join();
    }
}

fn run(committed: &Receiver<()>, setup: &Setup, after: Duration) {
    let mut connection: Option<Connection> = None;
    while committed.recv().is_ok() && pause(committed, after) {
        if let Err(error) = checkpoint(&mut connection, setup) {
            tracing::debug!(%error, "the write-ahead log was not moved; the writer will do it");
        }
    }
}

/// Waits, whatever is committed meanwhile. Gives whether the writer is still there.
fn pause(committed: &Receiver<()>, pause: Duration) -> bool {
    let start = Instant::now();
    loop {
        match committed.recv_timeout(pause.saturating_sub(start.elapsed())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// Moves what was committed. The connection is kept unless it fails.
fn checkpoint(connection: &mut Option<Connection>, setup: &Setup) -> rusqlite::Result<()> {
    let open = match connection.take() {
        Some(open) => open,
        None => setup.open()?,
    };
    open.execute_batch("PRAGMA wal_checkpoint(PASSIVE)")?;
    *connection = Some(open);
    Ok(())
}
