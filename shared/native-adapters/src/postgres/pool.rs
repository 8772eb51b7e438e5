//! The connections of a process to a server.
//!
//! Our own, because a pool that knows only connections would have to set the tenant on every one that it gives out: this
//! one knows what is set on each and looks for one that fits, so that a process with few tenants hardly ever sets any.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bulkhead_kernel::sql::{SqlError, Tenancy};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::PostgresOptions;
use super::refusal::from_sqlx;
use super::session::Session;

/// While fewer are open, another is opened for rows that none is set to: some for the installation's, some for all
/// tenants', some for one's.
const KEPT_APART: usize = 4;

/// How long to wait before connecting again to a server that does not take connections just now.
const RECONNECT_AFTER: Duration = Duration::from_millis(50);

/// Any number of connections up to a limit. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    connect: PgConnectOptions,
    options: PostgresOptions,
    /// One for each connection that may be in use.
    permits: Arc<Semaphore>,
    /// The one used last is at the back.
    idle: Mutex<VecDeque<Session>>,
}

impl Pool {
    /// None are open yet.
    pub(super) fn new(connect: PgConnectOptions, options: PostgresOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.max_connections.max(1) as usize));
        let inner = Arc::new(Inner { connect, options, permits, idle: Mutex::default() });
        tokio::spawn(close_worn(Arc::downgrade(&inner), inner.options.idle_timeout));
        Self(inner)
    }

    /// How to connect beside the pool, as whoever the URL names.
    pub(super) fn login(&self) -> &PgConnectOptions {
        &self.0.connect
    }

    /// A connection whose statements see these rows; for a batch, which says so itself, any.
    pub(super) async fn take(&self, tenancy: Option<Tenancy>) -> Result<Lease, SqlError> {
        let patience = self.0.options.acquire_timeout;
        let taken = tokio::time::timeout(patience, Inner::take(&self.0, tenancy)).await;
        taken.unwrap_or_else(|_| Err(SqlError::Unavailable("no connection was to be had in time".to_owned())))
    }

    /// Waits for those in use, within the patience for taking one, and closes all.
    pub(super) async fn close(&self) {
        let Inner { options, permits, .. } = &*self.0;
        let in_use = permits.acquire_many(options.max_connections.max(1));
        // Whoever is not done by then is refused when it is.
        let _done = tokio::time::timeout(options.acquire_timeout, in_use).await;
        permits.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for session in idle {
            session.close().await;
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Inner {
    async fn take(pool: &Arc<Self>, tenancy: Option<Tenancy>) -> Result<Lease, SqlError> {
        let permit = Arc::clone(&pool.permits).acquire_owned().await;
        let permit = permit.map_err(|_| SqlError::Unavailable("the database was closed".to_owned()))?;
        while let Some(mut session) = pool.pick(tenancy) {
            match session.prepare(tenancy, &pool.options).await {
                Ok(()) => return Ok(Lease::new(session, pool, permit)),
                // The server has hung up, on the others most likely too; the next one is asked, or a new one.
                Err(error) => tracing::info!(%error, "an idle connection was of no use any more"),
            }
        }
        let session = pool.open(tenancy.unwrap_or_default()).await?;
        Ok(Lease::new(session, pool, permit))
    }

    /// The idle connection to use; `None` when another should be opened.
    fn pick(&self, tenancy: Option<Tenancy>) -> Option<Session> {
        let mut idle = self.idle();
        let Some(tenancy) = tenancy else { return idle.pop_back() };
        if let Some(fitting) = idle.iter().rposition(|session| session.is_set_to(tenancy)) {
            return idle.remove(fitting);
        }
        // With the permit of whoever asks.
        let most = self.options.max_connections.max(1) as usize;
        let in_use = most.saturating_sub(self.permits.available_permits());
        if in_use + idle.len() <= KEPT_APART.min(most) { None } else { idle.pop_front() }
    }

    /// Connects, again and again while the server is just starting or full. Whoever waits has a deadline.
    async fn open(&self, tenancy: Tenancy) -> Result<Session, SqlError> {
        loop {
            match Session::open(&self.connect, tenancy).await {
                Ok(session) => return Ok(session),
                Err(error) if may_pass(&error) => tokio::time::sleep(RECONNECT_AFTER).await,
                Err(error) => return Err(from_sqlx(error)),
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a server that does not take a connection now may take it in a moment.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        // Starting up or shutting down; too many connections.
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

/// Closes what nobody has used for long, as long as there is a pool.
async fn close_worn(pool: Weak<Inner>, idle_timeout: Duration) {
    loop {
        tokio::time::sleep((idle_timeout / 4).max(Duration::from_millis(10))).await;
        let Some(pool) = pool.upgrade().filter(|pool| !pool.permits.is_closed()) else { return };
        let worn: VecDeque<Session> = {
            let mut idle = pool.idle();
            let (worn, kept) = idle.drain(..).partition(|session| session.is_worn(&pool.options));
            *idle = kept;
            worn
        };
        drop(pool);
        for session in worn {
            session.close().await;
        }
    }
}

/// A connection that nobody else has until this is dropped.
pub(super) struct Lease {
    session: Option<Session>,
    pool: Arc<Inner>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    fn new(session: Session, pool: &Arc<Inner>, permit: OwnedSemaphorePermit) -> Self {
        Self { session: Some(session), pool: Arc::clone(pool), permit: Some(permit) }
    }

    /// The connection, for one statement, whose result goes to [`end`](Self::end).
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.session.as_mut().expect("a lease has its session until it is dropped").begin()
    }

    /// Gives the connection back. When the statement failed because the connection may have, it is looked at first, and
    /// so are the others.
    pub(super) fn end<T>(mut self, result: Result<T, sqlx::Error>) -> Result<T, SqlError> {
        let result = result.map_err(from_sqlx);
        if matches!(result, Err(SqlError::Unavailable(_))) {
            self.pool.idle().iter_mut().for_each(Session::distrust);
        } else if let Some(session) = &mut self.session {
            session.end();
        }
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut session) = self.session.take().filter(|_| !self.pool.permits.is_closed()) else { return };
        if !session.is_busy() {
            self.pool.idle().push_back(session);
            return;
        }
        // Whoever asked stopped waiting for the answer. Its permit stays with the connection until that is over, so that
        // there are never more connections than there may be.
        let Ok(runtime) = Handle::try_current() else { return };
        let (pool, permit) = (Arc::clone(&self.pool), self.permit.take());
        runtime.spawn(async move {
            if session.settle().await.is_ok() && !pool.permits.is_closed() {
                pool.idle().push_back(session);
            }
            drop(permit);
        });
    }
}
