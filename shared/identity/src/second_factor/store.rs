//! SQL of second factors. They are a user's, whichever organisation they act in.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{Sql, SqlError, Statement, Step, sql};

pub(super) struct Factor {
    pub(super) sealed: Vec<u8>,
    pub(super) confirmed: bool,
}

pub(super) async fn find(database: &dyn Sql, user: UserId) -> Result<Option<Factor>, SqlError> {
    let statement = sql("SELECT sealed, confirmed_at FROM second_factors WHERE user_id = $1").bind(user);
    let row = database.query_optional(statement).await?;
    row.map(|row| {
        let confirmed: Option<Timestamp> = row.get("confirmed_at")?;
        Ok(Factor { sealed: row.get("sealed")?, confirmed: confirmed.is_some() })
    })
    .transpose()
}

/// One row, unless there is one that is confirmed.
pub(super) fn put_unconfirmed(user: UserId, sealed: Vec<u8>, now: Timestamp) -> Step {
    sql("INSERT INTO second_factors (user_id, sealed, last_step, created_at) VALUES ($1, $2, 0, $3) \
         ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = 0, created_at = excluded.created_at \
         WHERE second_factors.confirmed_at IS NULL")
    .bind(user)
    .bind(sealed)
    .bind(now)
    .expecting(1)
}

/// One row, unless it is confirmed, or was made anew.
pub(super) fn confirm(user: UserId, sealed: Vec<u8>, step: i64, now: Timestamp) -> Step {
    sql("UPDATE second_factors SET confirmed_at = $4, last_step = $3 \
         WHERE user_id = $1 AND sealed = $2 AND confirmed_at IS NULL")
    .bind(user)
    .bind(sealed)
    .bind(step)
    .bind(now)
    .expecting(1)
}

/// One row, unless a code of this time step or a later one was taken.
pub(super) fn use_step(user: UserId, step: i64) -> Step {
    sql("UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2 AND confirmed_at IS NOT NULL")
        .bind(user)
        .bind(step)
        .expecting(1)
}

pub(super) fn insert_recovery(user: UserId, hash: String, now: Timestamp) -> Statement {
    sql("INSERT INTO recovery_codes (hash, user_id, created_at) VALUES ($1, $2, $3)").bind(hash).bind(user).bind(now)
}

/// One row, unless it is another's, or was used.
pub(super) fn use_recovery(user: UserId, hash: String, now: Timestamp) -> Step {
    sql("UPDATE recovery_codes SET used_at = $3 WHERE hash = $2 AND user_id = $1 AND used_at IS NULL")
        .bind(user)
        .bind(hash)
        .bind(now)
        .expecting(1)
}

pub(super) async fn recovery_left(database: &dyn Sql, user: UserId) -> Result<i64, SqlError> {
    let statement = sql("SELECT COUNT(*) AS n FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL").bind(user);
    database.query_optional(statement).await?.map_or(Ok(0), |row| row.get("n"))
}

pub(super) fn remove(user: UserId) -> [Statement; 2] {
    [
        sql("DELETE FROM recovery_codes WHERE user_id = $1").bind(user),
        sql("DELETE FROM second_factors WHERE user_id = $1").bind(user),
    ]
}
