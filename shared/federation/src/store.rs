//! SQL of attempts. They are made before it is known who it is.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};

use crate::attempt::{Attempt, Intent};

/// How many that are over go at a time.
const SWEPT: i64 = 100;

pub(crate) fn insert(attempt: &Attempt) -> Statement {
    let (user, session) = match attempt.intent {
        Intent::SignIn => (None, None),
        Intent::Link { user, session } => (Some(user.to_string()), Some(session.to_string())),
    };
    sql("INSERT INTO sign_in_attempts (state_hash, browser_hash, provider, user_id, session_id, sealed, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(attempt.state_hash.as_str())
    .bind(attempt.browser_hash.as_str())
    .bind(attempt.provider.as_str())
    .bind(user)
    .bind(session)
    .bind(attempt.sealed.clone())
    .bind(attempt.created_at)
    .bind(attempt.expires_at)
}

/// Forgets some of those that are over.
pub(crate) fn sweep(now: Timestamp) -> Statement {
    sql("DELETE FROM sign_in_attempts WHERE state_hash IN \
         (SELECT state_hash FROM sign_in_attempts WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)")
    .bind(now)
    .bind(SWEPT)
}

pub(crate) async fn find(database: &dyn Sql, state_hash: &str) -> Result<Option<Attempt>, SqlError> {
    let statement =
        sql("SELECT state_hash, browser_hash, provider, user_id, session_id, sealed, created_at, expires_at, used_at \
                         FROM sign_in_attempts WHERE state_hash = $1")
        .bind(state_hash);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, unless it was used.
pub(crate) fn spend(state_hash: &str, now: Timestamp) -> Statement {
    sql("UPDATE sign_in_attempts SET used_at = $2 WHERE state_hash = $1 AND used_at IS NULL AND expires_at > $2")
        .bind(state_hash)
        .bind(now)
}

fn read(row: &Row) -> Result<Attempt, SqlError> {
    let (user, session) = (row.get("user_id")?, row.get("session_id")?);
    let intent = match (user, session) {
        (Some(user), Some(session)) => Intent::Link { user, session },
        _ => Intent::SignIn,
    };
    Ok(Attempt {
        state_hash: row.get("state_hash")?,
        browser_hash: row.get("browser_hash")?,
        provider: row.get("provider")?,
        intent,
        sealed: row.get("sealed")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        used: row.get::<Option<Timestamp>>("used_at")?.is_some(),
    })
}
