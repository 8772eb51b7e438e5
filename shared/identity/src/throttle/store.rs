//! SQL of limits and lockouts. They have no tenant: they count before it is known who it is.

use std::time::Duration;

use bulkhead_kernel::sql::{Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Ports, Timestamp, entropy};

use super::limit::LockoutTerms;
use crate::email::EmailAddress;
use crate::sessions;

/// How many rows that say nothing any more go at a time.
const SWEPT: i64 = 100;

/// One more, unless that is too many: when everything that was taken is given back.
pub(super) async fn take(
    database: &dyn Sql,
    hash: &str,
    now: i64,
    interval: i64,
    tolerance: i64,
) -> Result<Option<i64>, SqlError> {
    let statement = sql("INSERT INTO throttles (hash, free_at) VALUES ($1, $2 + $3) \
                         ON CONFLICT (hash) DO UPDATE SET free_at = $3 + \
                         CASE WHEN throttles.free_at > $2 THEN throttles.free_at ELSE $2 END \
                         WHERE throttles.free_at <= $2 + $4 RETURNING free_at")
    .bind(hash)
    .bind(now)
    .bind(interval)
    .bind(tolerance);
    database.query_optional(statement).await?.map(|row| row.get("free_at")).transpose()
}

pub(super) async fn free_at(database: &dyn Sql, hash: &str) -> Result<Option<i64>, SqlError> {
    let statement = sql("SELECT free_at FROM throttles WHERE hash = $1").bind(hash);
    database.query_optional(statement).await?.map(|row| row.get("free_at")).transpose()
}

/// Removes rows that say nothing any more, one time in sixteen: nothing else tidies up behind whoever tries many names, and signs
/// in.
pub(super) async fn sweep_sometimes(ports: &Ports) -> Result<(), SqlError> {
    let [chance] = entropy::bytes::<1>(ports.entropy.as_ref());
    if chance >= 16 {
        return Ok(());
    }
    let now = ports.now();
    for text in [
        "DELETE FROM throttles WHERE hash IN \
         (SELECT hash FROM throttles WHERE free_at < $1 ORDER BY free_at LIMIT $2)",
        "DELETE FROM lockouts WHERE hash IN \
         (SELECT hash FROM lockouts WHERE forget_at < $1 ORDER BY forget_at LIMIT $2)",
    ] {
        ports.sql.execute(sql(text).bind(now).bind(SWEPT)).await?;
    }
    for statement in sessions::sweep(now, SWEPT) {
        ports.sql.execute(statement).await?;
    }
    Ok(())
}

/// Whether the account's owner has signed in from this address since then.
pub(super) async fn is_known(
    database: &dyn Sql,
    email: &EmailAddress,
    address: &str,
    since: Timestamp,
) -> Result<bool, SqlError> {
    let statement = sql("SELECT s.id FROM users u JOIN sessions s ON s.user_id = u.id \
                         WHERE u.email = $1 AND s.address = $2 AND s.created_at > $3 LIMIT 1")
    .bind(email.as_str())
    .bind(address)
    .bind(since)
    .across_tenants("it is asked before it is known who it is");
    Ok(database.query_optional(statement).await?.is_some())
}

/// One more wrong one, unless the account has to wait: whether it was counted.
pub(super) async fn count_failure(
    database: &dyn Sql,
    hash: &str,
    terms: &LockoutTerms,
    forget_after: Duration,
    now: Timestamp,
) -> Result<bool, SqlError> {
    let failures = "CASE WHEN lockouts.forget_at <= $2 THEN 1 ELSE lockouts.failures + 1 END";
    let delay = format!(
        "CASE WHEN {failures} < $3 THEN 0 \
         WHEN lockouts.forget_at <= $2 OR lockouts.delay_ms = 0 THEN $4 \
         WHEN lockouts.delay_ms * 2 > $5 THEN $5 ELSE lockouts.delay_ms * 2 END"
    );
    let first = "CASE WHEN $3 > 1 THEN 0 ELSE $4 END";
    let text = format!(
        "INSERT INTO lockouts (hash, failures, delay_ms, locked_until, forget_at) \
         VALUES ($1, 1, {first}, $2 + {first}, $2 + $6 + {first}) \
         ON CONFLICT (hash) DO UPDATE SET failures = {failures}, delay_ms = {delay}, locked_until = $2 + {delay}, \
         forget_at = $2 + $6 + {delay} WHERE lockouts.locked_until <= $2 RETURNING failures"
    );
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 8);
    let statement = sql(text)
        .bind(hash)
        .bind(now)
        .bind(terms.after)
        .bind(millis(terms.first))
        .bind(millis(terms.longest))
        .bind(millis(forget_after));
    Ok(database.query_optional(statement).await?.is_some())
}

pub(super) async fn locked_until(database: &dyn Sql, hash: &str) -> Result<Option<i64>, SqlError> {
    let statement = sql("SELECT locked_until FROM lockouts WHERE hash = $1").bind(hash);
    database.query_optional(statement).await?.map(|row| row.get("locked_until")).transpose()
}

/// Writes a row that counts nothing and is soon swept: for whoever must take as long as somebody who writes.
pub(crate) fn leave_no_mark(ports: &Ports) -> Statement {
    sql("INSERT INTO throttles (hash, free_at) VALUES ($1, $2)")
        .bind(hex::encode(entropy::bytes::<32>(ports.entropy.as_ref())))
        .bind(ports.now())
}

pub(super) fn forget_failures(hash: &str) -> Statement {
    sql("DELETE FROM lockouts WHERE hash = $1").bind(hash)
}
