//! Moving the write-ahead log into the file, beside the writer.
//!
//! SQLite lets the commit that makes the log too long do it, and every caller behind that commit waits for the disk.
//! Here another connection does it a little after a commit, while the writer goes on.
//!
//! Under load the log never comes to its end that way, and only when nothing is left to move is it written from its beginning
//! again. So when it is long, this is done several times in a row, until next to nothing is left, and the writer moves
//! that. A commit does it only when the log still grows ([`SqliteOptions::checkpoint_pages`](super::SqliteOptions)).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::Setup;

/// Times in a row that a long log is moved before the writer moves the rest.
const IN_A_ROW: usize = 4;
/// Pages that are next to nothing.
const FEW: i64 = 64;

/// Tells the thread that something was committed. The thread ends with it.
#[derive(Debug)]
pub(super) struct Checkpoints {
    committed: SyncSender<()>,
    /// Whether the writer is to move the rest.
    rest: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Starts the thread, which moves commits this long after the first of them. From so many pages on the log is long.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(setup: Setup, after: Duration, long: i64) -> io::Result<Self> {
        let (committed, receiver) = sync_channel(1);
        let rest = Arc::<AtomicBool>::default();
        let moves = Moves { setup, connection: None, long, rest: rest.clone() };
        let run = move || moves.run(&receiver, after);
        Ok(Self { committed, rest, thread: thread::Builder::new().name("sqlite-log".to_owned()).spawn(run)? })
    }

    /// Moves what is left on the writer's own connection, if it is to.
    pub(super) fn move_rest(&self, writer: &Connection) {
        if self.rest.swap(false, Ordering::Relaxed)
            && let Err(error) = Moved::by(writer)
        {
            tracing::debug!(%error, "the rest of the write-ahead log was not moved; the next look at it tries again");
        }
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

/// What came of moving the log.
struct Moved {
    /// The pages that the log has.
    pages: i64,
    /// Those that are not in the file yet.
    left: i64,
}

impl Moved {
    /// Moves what nobody reads, and waits for nobody.
    fn by(connection: &Connection) -> rusqlite::Result<Self> {
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| {
            let (pages, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(Self { pages, left: pages - moved })
        })
    }
}

struct Moves {
    setup: Setup,
    /// Kept unless it fails.
    connection: Option<Connection>,
    long: i64,
    rest: Arc<AtomicBool>,
}

impl Moves {
    fn run(mut self, committed: &Receiver<()>, after: Duration) {
        while committed.recv().is_ok() && pause(committed, after) {
            if let Err(error) = self.step() {
                tracing::debug!(%error, "the write-ahead log was not moved; the writer will do it");
            }
        }
    }

    fn step(&mut self) -> rusqlite::Result<()> {
        let connection = match self.connection.take() {
            Some(open) => open,
            None => self.setup.open()?,
        };
        let mut moved = Moved::by(&connection)?;
        let is_long = moved.pages >= self.long;
        for _ in 1..IN_A_ROW {
            if !is_long || moved.left <= FEW {
                break;
            }
            moved = Moved::by(&connection)?;
        }
        self.rest.store(is_long, Ordering::Relaxed);
        self.connection = Some(connection);
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SqliteOptions;

    /// From here on the log is long in these tests.
    const LONG: i64 = 20;

    /// What moves the log of a file in this folder, and its writer.
    fn open(folder: &tempfile::TempDir) -> (Moves, Checkpoints, Connection) {
        let setup = Setup::writing(folder.path().join("t.db"), &SqliteOptions::default());
        let writer = setup.open().expect("opens");
        writer.execute_batch("CREATE TABLE t (text TEXT)").expect("creates");
        // Its own thread never does anything here.
        let checkpoints = Checkpoints::start(setup.clone(), Duration::from_secs(3600), LONG).expect("a thread");
        let moves = Moves { setup, connection: None, long: LONG, rest: checkpoints.rest.clone() };
        (moves, checkpoints, writer)
    }

    fn commit(writer: &Connection, pages: i64) {
        for _ in 0..pages {
            writer.execute("INSERT INTO t VALUES (?1)", ("x".repeat(3000),)).expect("inserts");
        }
    }

    #[test]
    fn a_short_log_is_moved_without_the_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut moves, checkpoints, writer) = open(&folder);
        commit(&writer, 2);
        moves.step().expect("moves");
        assert!(!checkpoints.rest.load(Ordering::Relaxed));
        assert_eq!(Moved::by(&writer).expect("moves").left, 0);
    }

    #[test]
    fn the_writer_ends_a_long_log_when_it_is_asked_and_it_begins_anew() {
        for asked in [true, false] {
            let folder = tempfile::tempdir().expect("a folder");
            let (mut moves, checkpoints, writer) = open(&folder);
            // While somebody reads, what is committed can't be moved.
            let reader = moves.setup.open().expect("opens");
            reader.execute_batch("BEGIN; SELECT * FROM t").expect("reads");
            commit(&writer, LONG);
            moves.step().expect("moves");
            assert!(checkpoints.rest.swap(asked, Ordering::Relaxed), "the log is long");
            drop(reader);
            checkpoints.move_rest(&writer);
            assert!(!checkpoints.rest.load(Ordering::Relaxed), "it is done once");
            commit(&writer, 1);
            let pages = Moved::by(&writer).expect("moves").pages;
            assert_eq!(pages < LONG, asked, "{pages} pages");
        }
    }
}
