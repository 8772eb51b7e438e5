//! SQL of authorization codes. Without a tenant where a code is looked up: it is how the tenant is found.

use bulkhead_identity::{Membership, OpaqueToken};
use bulkhead_kernel::id::{OrganizationId, SessionId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Scopes, Timestamp};

use crate::request::AuthorizationRequest;

/// A code, as it was issued.
pub(super) struct Found {
    pub(super) client_id: String,
    pub(super) user: UserId,
    pub(super) organization: OrganizationId,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) audience: String,
    pub(super) scopes: Scopes,
    pub(super) expires_at: Timestamp,
    pub(super) used: bool,
    /// What came of its first use.
    pub(super) session: Option<SessionId>,
}

pub(super) fn insert(
    code: &OpaqueToken,
    request: &AuthorizationRequest,
    membership: &Membership,
    now: Timestamp,
    expires: Timestamp,
) -> Statement {
    sql("INSERT INTO authorization_codes (hash, client_id, user_id, organization_id, redirect_uri, code_challenge, audience, \
         scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
    .bind(code.hash())
    .bind(request.client.id.as_str())
    .bind(membership.user)
    .bind(membership.organization)
    .bind(request.redirect_uri.as_str())
    .bind(request.code_challenge.as_str())
    .bind(request.audience.as_str())
    .bind(Scopes::Only(request.scopes.clone()).as_text())
    .bind(now)
    .bind(expires)
    .of(membership.organization)
}

pub(super) async fn find(database: &dyn Sql, code: &OpaqueToken) -> Result<Option<Found>, SqlError> {
    let statement = sql("SELECT client_id, user_id, organization_id, redirect_uri, code_challenge, audience, scopes, \
                         expires_at, used_at, session_id FROM authorization_codes WHERE hash = $1")
    .bind(code.hash())
    .across_tenants("a code leads to its tenant");
    let read = |row: &Row| {
        let scopes: String = row.get("scopes")?;
        Ok(Found {
            client_id: row.get("client_id")?,
            user: row.get("user_id")?,
            organization: row.get("organization_id")?,
            redirect_uri: row.get("redirect_uri")?,
            code_challenge: row.get("code_challenge")?,
            audience: row.get("audience")?,
            scopes: Scopes::from_text(Some(&scopes)),
            expires_at: row.get("expires_at")?,
            used: row.get::<Option<Timestamp>>("used_at")?.is_some(),
            session: row.get("session_id")?,
        })
    };
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, unless it has been used.
pub(super) fn use_code(code: &OpaqueToken, found: &Found, session: SessionId, now: Timestamp) -> Statement {
    sql("UPDATE authorization_codes SET used_at = $2, session_id = $3 \
         WHERE organization_id = $4 AND hash = $1 AND used_at IS NULL")
    .bind(code.hash())
    .bind(now)
    .bind(session)
    .bind(found.organization)
    .of(found.organization)
}

/// A user's.
pub(crate) fn forget_user(user: UserId) -> Statement {
    sql("DELETE FROM authorization_codes WHERE user_id = $1")
        .bind(user)
        .across_tenants("a user is forgotten in every organisation: codes")
}

/// A user's that nobody has used.
pub(crate) fn withdraw(user: UserId) -> Statement {
    sql("DELETE FROM authorization_codes WHERE user_id = $1 AND used_at IS NULL")
        .bind(user)
        .across_tenants("a user's sign-in ends in every organisation: codes")
}

/// Codes that can't be used any more. One that was used is kept for a day, in which a second use is noticed.
pub(super) fn forget_expired(organization: OrganizationId, now: Timestamp) -> Statement {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    sql("DELETE FROM authorization_codes WHERE organization_id = $1 AND expires_at < $2")
        .bind(organization)
        .bind(now.as_millis().saturating_sub(DAY))
        .of(organization)
}
