//! The outbox: posting a mail, and what the host does with it.

use std::time::Duration;

use bulkhead_kernel::id::MailId;
use bulkhead_kernel::sql::{SqlError, Statement, sql};
use bulkhead_kernel::{Ports, Timestamp};

use super::Letter;
use crate::sealing::{IdentityKey, Unreadable};

/// How mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailTerms {
    /// For how long whoever took a mail has it to themselves.
    pub lease: Duration,
    /// After how long a mail that could not be sent is tried again. Each further try waits twice as long.
    pub retry: Duration,
}

/// A mail to be sent now.
#[derive(Debug)]
pub struct Due {
    /// Its id.
    pub id: MailId,
    /// How often it has been tried, this time included.
    pub attempts: i64,
    /// The mail.
    pub letter: Letter,
    leased_until: Timestamp,
}

/// Why there is no mail to send.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It can't be read.
    #[error("the mail {0}: {1}")]
    Unreadable(MailId, Unreadable),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Puts a mail into the outbox. It is of no use after `expires_at`.
pub(crate) fn post(ports: &Ports, key: &IdentityKey, letter: &Letter, expires_at: Timestamp) -> Statement {
    let (id, now) = (ports.new_id::<MailId>(), ports.now());
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(letter).expect("three texts are JSON"));
    sql("INSERT INTO mails (id, sealed, attempts, due_at, created_at, expires_at) VALUES ($1, $2, 0, $3, $3, $4)")
        .bind(id)
        .bind(key.seal(&["mail", &id.to_string()], &plain, ports.entropy.as_ref()))
        .bind(now)
        .bind(expires_at)
}

/// Takes the next mail that is due, for as long as the lease. Of several that ask, one gets it.
///
/// # Errors
/// [`MailError`]. One that can't be read comes again after its lease.
pub async fn claim_mail(ports: &Ports, key: &IdentityKey, terms: &MailTerms) -> Result<Option<Due>, MailError> {
    let (database, now) = (ports.sql.as_ref(), ports.now());
    let leased_until = now.plus(terms.lease);
    let next = sql("SELECT id, due_at FROM mails WHERE due_at <= $1 AND expires_at > $1 ORDER BY due_at, id LIMIT 1");
    while let Some(row) = database.query_optional(next.clone().bind(now)).await? {
        let (id, due_at): (MailId, Timestamp) = (row.get("id")?, row.get("due_at")?);
        let claim = sql("UPDATE mails SET due_at = $3, attempts = attempts + 1 WHERE id = $1 AND due_at = $2 \
                         RETURNING sealed, attempts");
        let claimed = database.query_optional(claim.bind(id).bind(due_at).bind(leased_until)).await?;
        // Another host was quicker: the next one.
        let Some(row) = claimed else { continue };
        let sealed: Vec<u8> = row.get("sealed")?;
        let plain = key.open(&["mail", &id.to_string()], &sealed).map_err(|error| MailError::Unreadable(id, error))?;
        let letter = serde_json::from_slice(&plain).map_err(|_| SqlError::Decode { column: "sealed".to_owned() })?;
        return Ok(Some(Due { id, attempts: row.get("attempts")?, letter, leased_until }));
    }
    Ok(None)
}

/// It was sent: nothing of it is kept.
///
/// # Errors
/// [`SqlError`]. Then it may be sent once more.
pub async fn mail_sent(ports: &Ports, due: &Due) -> Result<(), SqlError> {
    ports.sql.execute(sql("DELETE FROM mails WHERE id = $1").bind(due.id)).await.map(drop)
}

/// It could not be sent: it is tried again later. After how long, is answered.
///
/// # Errors
/// [`SqlError`]. Then it is tried again after its lease.
pub async fn mail_failed(ports: &Ports, due: &Due, terms: &MailTerms) -> Result<Duration, SqlError> {
    let doublings = u32::try_from(due.attempts - 1).unwrap_or(0).min(10);
    let wait = terms.retry.saturating_mul(2_u32.saturating_pow(doublings));
    // Unless the lease ended, and another host has it now.
    let statement = sql("UPDATE mails SET due_at = $3 WHERE id = $1 AND due_at = $2")
        .bind(due.id)
        .bind(due.leased_until)
        .bind(ports.now().plus(wait));
    ports.sql.execute(statement).await?;
    Ok(wait)
}

/// Throws away what is of no use any more: how many.
///
/// # Errors
/// [`SqlError`].
pub async fn expired_mail(ports: &Ports) -> Result<u64, SqlError> {
    ports.sql.execute(sql("DELETE FROM mails WHERE expires_at <= $1").bind(ports.now())).await
}
