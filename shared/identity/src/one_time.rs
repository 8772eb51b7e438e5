//! Tokens that are used once: they prove that whoever has one got our mail.

use std::time::Duration;

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{Sql, SqlError, Statement, Step, sql};

use crate::opaque::{OpaqueToken, Purpose};

/// How long a token for a new password is good.
pub(crate) const RESET_FOR: Duration = Duration::from_secs(30 * 60);
/// How long one that proves an address is.
pub(crate) const VERIFICATION_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose token it is.
pub(crate) struct OneTime {
    pub(crate) user: UserId,
    pub(crate) subject: Option<String>,
}

pub(crate) fn insert(
    token: &OpaqueToken,
    purpose: Purpose,
    (user, subject): (UserId, Option<&str>),
    now: Timestamp,
    good_for: Duration,
) -> Statement {
    sql("INSERT INTO one_time_tokens (hash, purpose, user_id, subject, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)")
    .bind(token.hash())
    .bind(purpose.name())
    .bind(user)
    .bind(subject)
    .bind(now)
    .bind(now.plus(good_for))
}

/// A token that is good, while its user is there.
pub(crate) async fn find(
    database: &dyn Sql,
    token: &OpaqueToken,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<OneTime>, SqlError> {
    let statement = sql("SELECT t.user_id, t.subject FROM one_time_tokens t \
                         JOIN users u ON u.id = t.user_id AND u.deleted_at IS NULL \
                         WHERE t.hash = $1 AND t.purpose = $2 AND t.used_at IS NULL AND t.expires_at > $3")
    .bind(token.hash())
    .bind(purpose.name())
    .bind(now);
    let row = database.query_optional(statement).await?;
    row.map(|row| Ok(OneTime { user: row.get("user_id")?, subject: row.get("subject")? })).transpose()
}

/// Uses it, once: the batch is undone when somebody was faster.
pub(crate) fn spend(token: &OpaqueToken, now: Timestamp) -> Step {
    sql("UPDATE one_time_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2")
        .bind(token.hash())
        .bind(now)
        .expecting(1)
}

/// Ends all that a user has for a purpose, and forgets those that are over.
pub(crate) fn discard(user: UserId, purpose: Purpose) -> Statement {
    sql("DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = $2").bind(user).bind(purpose.name())
}
