//! SQL of invitations.

use bulkhead_kernel::id::{InvitationId, OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Caller, PageRequest, Role, Timestamp};

use super::model::Invitation;
use crate::email::EmailAddress;
use crate::opaque::OpaqueToken;

/// Who invites to what, as people call them.
pub(super) struct Names {
    pub(super) organization: String,
    pub(super) inviter: String,
}

const INVITATION: &str =
    "i.id, i.organization_id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.accepted_by";

pub(super) fn insert(invitation: &Invitation, token: &OpaqueToken) -> Statement {
    sql("INSERT INTO invitations (id, organization_id, email, role, token_hash, invited_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(invitation.id)
    .bind(invitation.organization)
    .bind(invitation.email.as_str())
    .bind(invitation.role.as_str())
    .bind(token.hash())
    .bind(invitation.invited_by)
    .bind(invitation.created_at)
    .bind(invitation.expires_at)
    .of(invitation.organization)
}

/// Whatever is open for an address.
pub(super) fn revoke_open(organization: OrganizationId, email: &EmailAddress, now: Timestamp) -> Statement {
    sql("UPDATE invitations SET revoked_at = $3 WHERE organization_id = $1 AND email = $2 \
         AND accepted_at IS NULL AND revoked_at IS NULL")
    .bind(organization)
    .bind(email.as_str())
    .bind(now)
    .of(organization)
}

/// One row, unless it is over.
pub(super) fn revoke(organization: OrganizationId, id: InvitationId, now: Timestamp) -> Statement {
    sql("UPDATE invitations SET revoked_at = $3 WHERE organization_id = $1 AND id = $2 \
         AND accepted_at IS NULL AND revoked_at IS NULL")
    .bind(organization)
    .bind(id)
    .bind(now)
    .of(organization)
}

/// Another token and another end for an invitation: one row, unless it was taken or taken back.
pub(super) fn renew(invitation: &Invitation, token: &OpaqueToken) -> Statement {
    sql("UPDATE invitations SET token_hash = $3, invited_by = $4, expires_at = $5 WHERE organization_id = $1 AND id = $2 \
         AND accepted_at IS NULL AND revoked_at IS NULL")
    .bind(invitation.organization)
    .bind(invitation.id)
    .bind(token.hash())
    .bind(invitation.invited_by)
    .bind(invitation.expires_at)
    .of(invitation.organization)
}

/// One row, unless it is over.
pub(super) fn accept(invitation: &Invitation, user: UserId, now: Timestamp) -> Statement {
    sql("UPDATE invitations SET accepted_at = $3, accepted_by = $4 WHERE organization_id = $1 AND id = $2 \
         AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3")
    .bind(invitation.organization)
    .bind(invitation.id)
    .bind(now)
    .bind(user)
    .of(invitation.organization)
}

pub(super) async fn exists(
    database: &dyn Sql,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<bool, SqlError> {
    let statement = sql("SELECT id FROM invitations WHERE organization_id = $1 AND id = $2")
        .bind(organization)
        .bind(id)
        .of(organization);
    Ok(database.query_optional(statement).await?.is_some())
}

/// One that was neither taken nor taken back. It may have expired.
pub(super) async fn find_open(
    database: &dyn Sql,
    organization: OrganizationId,
    id: InvitationId,
) -> Result<Option<Invitation>, SqlError> {
    let text = format!(
        "SELECT {INVITATION} FROM invitations i WHERE i.organization_id = $1 AND i.id = $2 \
         AND i.accepted_at IS NULL AND i.revoked_at IS NULL"
    );
    let statement = sql(text).bind(organization).bind(id).of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// What the caller and their organisation are called.
pub(super) async fn names(database: &dyn Sql, caller: &Caller) -> Result<Option<Names>, SqlError> {
    let statement = sql("SELECT o.name AS organization_name, u.name AS inviter_name FROM organizations o \
                         JOIN memberships m ON m.organization_id = o.id JOIN users u ON u.id = m.user_id \
                         WHERE o.id = $1 AND m.user_id = $2")
    .bind(caller.organization)
    .bind(caller.user)
    .of(caller.organization);
    database.query_optional(statement).await?.as_ref().map(read_names).transpose()
}

/// Those that can be taken, newest first.
pub(super) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
    now: Timestamp,
    page: &PageRequest,
) -> Result<Vec<Invitation>, SqlError> {
    let text = format!(
        "SELECT {INVITATION} FROM invitations i WHERE i.organization_id = $1 AND ($2 = '' OR i.id < $2) \
         AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $3 ORDER BY i.id DESC LIMIT $4"
    );
    let statement = sql(text)
        .bind(organization)
        .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
        .bind(now)
        .bind(i64::from(page.limit) + 1)
        .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

/// The invitation with this token, if its organisation is there, what the one who gave it may do there now, and names. Without a
/// tenant: the token finds it. It may have been taken; it was not revoked and has not expired.
pub(super) async fn find_by_token(
    database: &dyn Sql,
    token: &OpaqueToken,
    now: Timestamp,
) -> Result<Option<(Invitation, Role, Names)>, SqlError> {
    let text = format!(
        "SELECT {INVITATION}, m.role AS inviters_role, o.name AS organization_name, u.name AS inviter_name FROM invitations i \
         JOIN organizations o ON o.id = i.organization_id AND o.deleted_at IS NULL \
         JOIN memberships m ON m.organization_id = i.organization_id AND m.user_id = i.invited_by \
         JOIN users u ON u.id = i.invited_by AND u.deleted_at IS NULL \
         WHERE i.token_hash = $1 AND i.revoked_at IS NULL AND i.expires_at > $2"
    );
    let read = |row: &Row| Ok((read(row)?, row.parse("inviters_role")?, read_names(row)?));
    database
        .query_optional(
            sql(text).bind(token.hash()).bind(now).across_tenants("an invitation's token leads to its tenant"),
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// A user's address, if they have proven that it is theirs.
pub(super) async fn verified_email(database: &dyn Sql, user: UserId) -> Result<Option<String>, SqlError> {
    let statement = sql("SELECT email FROM users WHERE id = $1 AND email_verified_at IS NOT NULL \
                         AND deleted_at IS NULL")
    .bind(user);
    database.query_optional(statement).await?.map_or(Ok(None), |row| row.get("email"))
}

fn read_names(row: &Row) -> Result<Names, SqlError> {
    Ok(Names { organization: row.get("organization_name")?, inviter: row.get("inviter_name")? })
}

fn read(row: &Row) -> Result<Invitation, SqlError> {
    Ok(Invitation {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        email: row.get("email")?,
        role: row.parse("role")?,
        invited_by: row.get("invited_by")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        accepted_by: row.get("accepted_by")?,
    })
}
