//! One connection, and whose rows its statements see.

use std::time::Instant;

use bulkhead_kernel::sql::Tenancy;
use bulkhead_kernel::sql::postgres::{ENTER, SET_TENANT};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Executor as _};

use super::PostgresOptions;
use super::values::arguments;

/// A connection that has the application's role.
pub(super) struct Session {
    connection: PgConnection,
    /// What is set on it; absent when that is not known.
    tenancy: Option<Tenancy>,
    /// Whether something was sent and its answer not read to the end.
    busy: bool,
    /// Whether nothing speaks against its being alive.
    trusted: bool,
    opened_at: Instant,
    used_at: Instant,
}

impl Session {
    /// Connects, takes the application's role, and sets whose rows are seen.
    pub(super) async fn open(options: &PgConnectOptions, tenancy: Tenancy) -> Result<Self, sqlx::Error> {
        let mut connection = PgConnection::connect_with(options).await?;
        connection.execute(sqlx::query_with(ENTER, arguments([tenancy.setting().into()]))).await?;
        let now = Instant::now();
        Ok(Self { connection, tenancy: Some(tenancy), busy: false, trusted: true, opened_at: now, used_at: now })
    }

    /// Makes it ready for statements about these rows; for a batch, which sets them for itself, for any. What was set by
    /// whoever had it before is never left: either it is the same, or it is replaced here. One that was not used for a
    /// while is asked for a sign of life in any case.
    pub(super) async fn prepare(
        &mut self,
        tenancy: Option<Tenancy>,
        options: &PostgresOptions,
    ) -> Result<(), sqlx::Error> {
        let fresh = self.trusted && self.used_at.elapsed() < options.test_after;
        match tenancy {
            Some(tenancy) if fresh && self.tenancy == Some(tenancy) => {}
            Some(tenancy) => {
                self.tenancy = None;
                let set = sqlx::query_with(SET_TENANT, arguments([tenancy.setting().into()]));
                self.begin().execute(set).await?;
                self.end();
                self.tenancy = Some(tenancy);
            }
            None if fresh => {}
            None => self.settle().await?,
        }
        Ok(())
    }

    /// The connection, for one statement. Until [`end`](Self::end) it counts as in the middle of it.
    pub(super) fn begin(&mut self) -> &mut PgConnection {
        self.busy = true;
        &mut self.connection
    }

    /// The statement's answer was read to its end.
    pub(super) fn end(&mut self) {
        self.busy = false;
        self.trusted = true;
        self.used_at = Instant::now();
    }

    /// Another connection to the server broke: this one is asked for a sign of life before it is used.
    pub(super) fn distrust(&mut self) {
        self.trusted = false;
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Reads to the end whatever is still to come, and sees that the server answers. What is set on it afterwards is what
    /// was set before, or, when that was being set, not known.
    pub(super) async fn settle(&mut self) -> Result<(), sqlx::Error> {
        self.busy = true;
        self.connection.ping().await?;
        self.end();
        Ok(())
    }

    pub(super) fn is_set_to(&self, tenancy: Tenancy) -> bool {
        self.tenancy == Some(tenancy)
    }

    /// Whether it is better closed than used again.
    pub(super) fn is_worn(&self, options: &PostgresOptions) -> bool {
        self.used_at.elapsed() > options.idle_timeout || self.opened_at.elapsed() > options.max_lifetime
    }

    /// Says goodbye to the server.
    pub(super) async fn close(self) {
        // A connection that can't be closed cleanly is closed all the same.
        let _closed = self.connection.close().await;
    }
}
