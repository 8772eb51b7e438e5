//! SQL of identities. They are a user's, whichever organisation they act in.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{IdentityId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, sql};

use super::model::{ExternalPerson, Identity};
use crate::ways_in;

const COLUMNS: &str = "i.id, i.user_id, i.provider, i.issuer, i.subject, i.email, i.created_at, i.last_used_at";

/// Whose an identity is, while they are there.
pub(super) async fn find(database: &dyn Sql, issuer: &str, subject: &str) -> Result<Option<Identity>, SqlError> {
    let text = format!(
        "SELECT {COLUMNS} FROM identities i JOIN users u ON u.id = i.user_id AND u.deleted_at IS NULL \
         WHERE i.issuer = $1 AND i.subject = $2"
    );
    database.query_optional(sql(text).bind(issuer).bind(subject)).await?.as_ref().map(read).transpose()
}

/// A user's, the oldest first.
pub(crate) async fn list(database: &dyn Sql, user: UserId) -> Result<Vec<Identity>, SqlError> {
    let text = format!("SELECT {COLUMNS} FROM identities i WHERE i.user_id = $1 ORDER BY i.id");
    database.query(sql(text).bind(user)).await?.iter().map(read).collect()
}

/// One row, unless the identity is somebody's.
pub(super) fn insert(identity: &Identity) -> Step {
    sql("INSERT INTO identities (id, user_id, provider, issuer, subject, email, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(identity.id)
    .bind(identity.user)
    .bind(identity.provider.as_str())
    .bind(identity.issuer.as_str())
    .bind(identity.subject.as_str())
    .bind(identity.email.as_deref())
    .bind(identity.created_at)
    .bind(identity.last_used_at)
    .into()
}

/// It was signed in with.
pub(super) fn touch(identity: IdentityId, person: &ExternalPerson, now: Timestamp) -> Statement {
    sql("UPDATE identities SET last_used_at = $2, email = $3 WHERE id = $1")
        .bind(identity)
        .bind(now)
        .bind(person.email.as_ref().map(crate::email::EmailAddress::as_str))
}

/// One row, if the user's address is this one and is proven. Until the batch ends nobody else changes the user.
pub(super) fn hold_proven(user: UserId, email: &str, now: Timestamp) -> Step {
    sql("UPDATE users SET updated_at = $3 WHERE id = $1 AND email = $2 AND email_verified_at IS NOT NULL \
         AND deleted_at IS NULL")
    .bind(user)
    .bind(email)
    .bind(now)
    .expecting(1)
}

/// One row, if it is the user's, and they can sign in without it; `opens` is of [`ways_in::identity_that_opens`].
pub(super) fn delete(user: UserId, identity: IdentityId, opens: &str) -> Step {
    let text = format!("DELETE FROM identities WHERE user_id = $1 AND id = $2 AND {}", ways_in::WITHOUT_IT);
    sql(text).bind(user).bind(identity).bind(opens).expecting(1)
}

fn read(row: &Row) -> Result<Identity, SqlError> {
    Ok(Identity {
        id: row.get("id")?,
        user: row.get("user_id")?,
        provider: row.get("provider")?,
        issuer: row.get("issuer")?,
        subject: row.get("subject")?,
        email: row.get("email")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}
