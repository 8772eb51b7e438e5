//! Connections to one SQLite file.
//!
//! On Spin every `open` is a connection of its own, closed when the function lets go of it or ends, so that whatever
//! it left uncommitted is rolled back. Opening one costs a thread hop, a file and the schema; so connections are kept,
//! but only those that are as good as new: no transaction open, no setting changed, nothing temporary created.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::hooks::{Action, AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, InterruptHandle};

use crate::edge::config::EdgeLimits;

/// How long a statement waits for another writer, as on Spin.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The connections to one file.
pub(crate) struct SqlitePool {
    path: PathBuf,
    idle: Mutex<Vec<Pooled>>,
    most_idle: usize,
    pub(super) result_bytes: usize,
}

/// A connection and what its hooks have seen.
struct Pooled {
    connection: Connection,
    seen: Arc<Seen>,
}

/// What happened on a connection since it was taken.
#[derive(Default)]
struct Seen {
    /// Something that outlives a transaction: it must not be used again.
    altered: AtomicBool,
    /// A row was inserted.
    inserted: AtomicBool,
}

/// A connection that one function has.
pub(crate) struct Session {
    pool: Arc<SqlitePool>,
    /// Always there until the session ends.
    pooled: Mutex<Option<Pooled>>,
    changes_before: u64,
}

impl SqlitePool {
    /// Connections to this file, none open yet.
    pub(crate) fn new(path: PathBuf, limits: &EdgeLimits) -> Self {
        let (most_idle, result_bytes) = (limits.concurrent_requests, limits.host_result_bytes);
        Self { path, idle: Mutex::default(), most_idle, result_bytes }
    }

    /// A connection, kept or new. Opening a new one blocks.
    pub(super) async fn open(self: Arc<Self>) -> Result<(Arc<Session>, InterruptHandle), String> {
        let kept = self.idle().pop();
        let pooled = match kept {
            Some(pooled) => pooled,
            None => {
                let pool = self.clone();
                let opened = tokio::task::spawn_blocking(move || open(&pool.path, pool.result_bytes)).await;
                opened.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?
            }
        };
        pooled.seen.inserted.store(false, Ordering::Relaxed);
        let interrupt = pooled.connection.get_interrupt_handle();
        let changes_before = pooled.connection.total_changes();
        Ok((Arc::new(Session { pool: self, pooled: Mutex::new(Some(pooled)), changes_before }), interrupt))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Pooled>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: &Path, result_bytes: usize) -> rusqlite::Result<Pooled> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(result_bytes).unwrap_or(i32::MAX))?;
    let seen = Arc::new(Seen::default());
    let (altered, inserted) = (seen.clone(), seen.clone());
    connection.authorizer(Some(move |context: AuthContext<'_>| authorize(&context, &altered.altered)))?;
    connection.update_hook(Some(move |action, _: &str, _: &str, _| {
        if action == Action::SQLITE_INSERT {
            inserted.inserted.store(true, Ordering::Relaxed);
        }
    }))?;
    Ok(Pooled { connection, seen })
}

/// Denies other files, as Spin does, and notes what makes a connection unfit for another function.
fn authorize(context: &AuthContext<'_>, altered: &AtomicBool) -> Authorization {
    match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => return Authorization::Deny,
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } => {
            altered.store(true, Ordering::Relaxed);
        }
        _ if context.database_name == Some("temp") => altered.store(true, Ordering::Relaxed),
        _ => {}
    }
    Authorization::Allow
}

impl Session {
    /// Works on the connection. Blocks while a statement of the same function runs on it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> T) -> Option<T> {
        let pooled = self.pooled.lock().unwrap_or_else(PoisonError::into_inner);
        pooled.as_ref().map(|pooled| work(&pooled.connection))
    }

    /// Rows that the last statement changed.
    pub(super) fn changes(&self) -> u64 {
        let changed =
            |connection: &Connection| (connection.total_changes() != self.changes_before).then(|| connection.changes());
        self.with(changed).flatten().unwrap_or(0)
    }

    /// The row id of the last insert, zero when this function has inserted nothing.
    pub(super) fn last_insert_rowid(&self) -> i64 {
        let pooled = self.pooled.lock().unwrap_or_else(PoisonError::into_inner);
        let inserted = pooled.as_ref().filter(|pooled| pooled.seen.inserted.load(Ordering::Relaxed));
        inserted.map_or(0, |pooled| pooled.connection.last_insert_rowid())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(pooled) = self.pooled.get_mut().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let connection = &pooled.connection;
        // Closing would roll back as well; rolling back first lets a sound connection be kept.
        let clean =
            connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok() && connection.is_autocommit();
        if clean && !pooled.seen.altered.load(Ordering::Relaxed) {
            let mut idle = self.pool.idle();
            if idle.len() < self.pool.most_idle {
                idle.push(pooled);
            }
        }
    }
}
