//! SQL of sessions and refresh tokens. They are a user's, whichever organisation they act in.

use bulkhead_kernel::id::{OrganizationId, SessionId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Caller, PageRequest, Role, Scopes, Timestamp};

use super::model::{Session, SessionOrigin};
use crate::opaque::OpaqueToken;

pub(crate) fn insert(session: &Session, browser: Option<&OpaqueToken>) -> Statement {
    sql("INSERT INTO sessions (id, user_id, organization_id, client_id, audience, scopes, secret_hash, user_agent, \
         address, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)")
    .bind(session.id)
    .bind(session.user)
    .bind(session.organization)
    .bind(session.client_id.as_deref())
    .bind(session.audience.as_str())
    .bind(session.scopes.as_text())
    .bind(browser.map(OpaqueToken::hash))
    .bind(session.origin.user_agent.as_deref())
    .bind(session.origin.address.as_deref())
    .bind(session.created_at)
    .bind(session.expires_at)
    .of(session.organization)
}

pub(crate) fn insert_refresh(token: &OpaqueToken, session: SessionId, now: Timestamp, expires: Timestamp) -> Statement {
    sql("INSERT INTO refresh_tokens (hash, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(token.hash())
        .bind(session)
        .bind(now)
        .bind(expires)
}

/// A refresh token and its session.
pub(crate) struct Found {
    pub(crate) session: Session,
    pub(crate) revoked: bool,
    pub(crate) used: bool,
    pub(crate) refresh_expires_at: Timestamp,
}

const SESSION: &str = "s.id, s.user_id, s.organization_id, s.client_id, s.audience, s.scopes, s.user_agent, s.address, \
                       s.created_at, s.last_used_at, s.expires_at";

/// What a refresh token belongs to, while its user belongs to the organisation.
pub(crate) async fn find_by_refresh(database: &dyn Sql, token: &OpaqueToken) -> Result<Option<Found>, SqlError> {
    let text = format!(
        "SELECT {SESSION}, s.revoked_at, r.used_at, r.expires_at AS refresh_expires_at \
         FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id \
         JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id \
         JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
         JOIN organizations o ON o.id = s.organization_id AND o.deleted_at IS NULL \
         WHERE r.hash = $1"
    );
    let read = |row: &Row| {
        Ok(Found {
            session: read(row)?,
            revoked: row.get::<Option<Timestamp>>("revoked_at")?.is_some(),
            used: row.get::<Option<Timestamp>>("used_at")?.is_some(),
            refresh_expires_at: row.get("refresh_expires_at")?,
        })
    };
    let statement = sql(text).bind(token.hash()).across_tenants("a refresh token's row says whose it is");
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, unless it has been used.
pub(crate) fn use_refresh(token: &OpaqueToken, now: Timestamp) -> Statement {
    sql("UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL").bind(token.hash()).bind(now)
}

/// One row, unless the session has ended.
pub(crate) fn touch(session: &Session, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET last_used_at = $3 WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL")
        .bind(session.organization)
        .bind(session.id)
        .bind(now)
        .of(session.organization)
}

/// One row, unless the session has ended, or acts elsewhere by now.
pub(crate) fn hold(organization: OrganizationId, user: UserId, session: SessionId, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET last_used_at = last_used_at WHERE organization_id = $1 AND user_id = $2 AND id = $3 \
         AND revoked_at IS NULL AND expires_at > $4")
    .bind(organization)
    .bind(user)
    .bind(session)
    .bind(now)
    .of(organization)
}

/// One row, unless the session has ended or is another user's.
pub(crate) fn revoke(user: UserId, session: SessionId, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3")
        .bind(user)
        .bind(session)
        .bind(now)
        .across_tenants("a user's sessions are theirs, whichever organisation they act in")
}

/// One row, unless it has ended: a session that was granted to a client, which stays in its organisation.
pub(super) fn end_granted(session: &Session, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET revoked_at = $3 WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL")
        .bind(session.organization)
        .bind(session.id)
        .bind(now)
        .of(session.organization)
}

/// Ends all of a user's sessions but one.
pub(crate) fn revoke_others(user: UserId, spared: Option<SessionId>, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL")
        .bind(user)
        .bind(spared.map_or_else(String::new, |session| session.to_string()))
        .bind(now)
        .across_tenants("a user's other sessions end in every organisation")
}

/// A caller's session, while it acts where they do.
pub(super) async fn find(database: &dyn Sql, caller: &Caller, id: SessionId) -> Result<Option<Session>, SqlError> {
    let text =
        format!("SELECT {SESSION} FROM sessions s WHERE s.organization_id = $1 AND s.user_id = $2 AND s.id = $3");
    let statement = sql(text).bind(caller.organization).bind(caller.user).bind(id).of(caller.organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, if it is a sign-in that goes on in the organisation `before`. From now on it is in its own.
pub(super) fn switch(session: &Session, before: OrganizationId, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET organization_id = $3, last_used_at = $5 WHERE user_id = $1 AND id = $2 \
         AND organization_id = $4 AND client_id IS NULL AND revoked_at IS NULL AND expires_at > $5")
    .bind(session.user)
    .bind(session.id)
    .bind(session.organization)
    .bind(before)
    .bind(now)
    .of(session.organization)
}

/// Whatever a session could be refreshed with is used up.
pub(super) fn retire_refresh(session: SessionId, now: Timestamp) -> Statement {
    sql("UPDATE refresh_tokens SET used_at = $2 WHERE session_id = $1 AND used_at IS NULL").bind(session).bind(now)
}

/// Whether a caller's session is a sign-in, rather than granted to a client, and acts where they do.
pub(crate) async fn is_sign_in(database: &dyn Sql, caller: &Caller, session: SessionId) -> Result<bool, SqlError> {
    let statement = sql("SELECT id FROM sessions \
                         WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND client_id IS NULL")
    .bind(caller.organization)
    .bind(caller.user)
    .bind(session)
    .of(caller.organization);
    Ok(database.query_optional(statement).await?.is_some())
}

/// A user's sessions that go on, newest first.
pub(crate) async fn list(
    database: &dyn Sql,
    user: UserId,
    now: Timestamp,
    page: &PageRequest,
) -> Result<Vec<Session>, SqlError> {
    let text = format!(
        "SELECT {SESSION} FROM sessions s WHERE s.user_id = $1 AND ($2 = '' OR s.id < $2) AND s.revoked_at IS NULL \
         AND s.expires_at > $3 ORDER BY s.id DESC LIMIT $4"
    );
    let statement = sql(text)
        .bind(user)
        .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
        .bind(now)
        .bind(i64::from(page.limit) + 1)
        .across_tenants("a user sees their sessions in every organisation");
    database.query(statement).await?.iter().map(read).collect()
}

/// The role that a session's user has now in its organisation, and what the session may do; nothing when any of them is gone.
/// A token says who and where: this says whether that still holds.
pub(crate) async fn standing(
    database: &dyn Sql,
    (session, user, organization): (SessionId, UserId, OrganizationId),
    now: Timestamp,
) -> Result<Option<(Role, Scopes)>, SqlError> {
    let statement = sql("SELECT m.role, s.scopes FROM sessions s \
                         JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id \
                         JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
                         JOIN organizations o ON o.id = s.organization_id AND o.deleted_at IS NULL \
                         WHERE s.id = $1 AND s.user_id = $2 AND s.organization_id = $3 AND s.revoked_at IS NULL \
                         AND s.expires_at > $4")
    .bind(session)
    .bind(user)
    .bind(organization)
    .bind(now)
    .of(organization);
    let read = |row: &Row| {
        let scopes: Option<String> = row.get("scopes")?;
        Ok((row.parse("role")?, Scopes::from_text(scopes.as_deref())))
    };
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// A session that goes on, while its user belongs to the organisation: of this id, or with this unused refresh token.
pub(super) async fn find_live(
    database: &dyn Sql,
    id: Option<SessionId>,
    refresh: Option<&OpaqueToken>,
    now: Timestamp,
) -> Result<Option<Session>, SqlError> {
    let text = format!(
        "SELECT {SESSION} FROM sessions s \
         JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id \
         JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
         JOIN organizations o ON o.id = s.organization_id AND o.deleted_at IS NULL \
         WHERE s.revoked_at IS NULL AND s.expires_at > $3 AND (s.id = $1 OR s.id = \
         (SELECT r.session_id FROM refresh_tokens r WHERE r.hash = $2 AND r.used_at IS NULL AND r.expires_at > $3))"
    );
    // The empty text is no id and no hash.
    let statement = sql(text)
        .bind(id.map(|id| id.to_string()).unwrap_or_default())
        .bind(refresh.map(OpaqueToken::hash).unwrap_or_default())
        .bind(now)
        .across_tenants("a client's token leads to its session");
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// Whose session a browser's cookie is.
pub(crate) struct Browser {
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) organization: OrganizationId,
    pub(crate) role: Role,
    pub(crate) scopes: Scopes,
}

/// The session of a cookie, while it goes on; as [`standing`]. Without a tenant: it is how the tenant is found.
pub(crate) async fn find_by_cookie(
    database: &dyn Sql,
    cookie: &OpaqueToken,
    now: Timestamp,
) -> Result<Option<Browser>, SqlError> {
    let statement = sql("SELECT s.id, s.user_id, s.organization_id, s.scopes, m.role FROM sessions s \
                         JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id \
                         JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
                         JOIN organizations o ON o.id = s.organization_id AND o.deleted_at IS NULL \
                         WHERE s.secret_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2")
    .bind(cookie.hash())
    .bind(now)
    .across_tenants("a cookie's row says whose it is");
    let read = |row: &Row| {
        let scopes: Option<String> = row.get("scopes")?;
        Ok(Browser {
            session: row.get("id")?,
            user: row.get("user_id")?,
            organization: row.get("organization_id")?,
            role: row.parse("role")?,
            scopes: Scopes::from_text(scopes.as_deref()),
        })
    };
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Session, SqlError> {
    let scopes: Option<String> = row.get("scopes")?;
    Ok(Session {
        id: row.get("id")?,
        user: row.get("user_id")?,
        organization: row.get("organization_id")?,
        client_id: row.get("client_id")?,
        audience: row.get("audience")?,
        scopes: Scopes::from_text(scopes.as_deref()),
        origin: SessionOrigin { user_agent: row.get("user_agent")?, address: row.get("address")? },
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        expires_at: row.get("expires_at")?,
    })
}
