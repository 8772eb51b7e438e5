//! SQL of memberships, from inside an organisation.

use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{PageRequest, Role, Timestamp};

use super::list::{Member, MemberFilter};
use crate::model::UserKind;

const MEMBER: &str = "u.id, u.kind, u.name, u.email, u.avatar_url, m.role, m.created_at";

pub(crate) async fn find(
    database: &dyn Sql,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Member>, SqlError> {
    let text = format!(
        "SELECT {MEMBER} FROM memberships m JOIN users u ON u.id = m.user_id AND u.deleted_at IS NULL \
         WHERE m.organization_id = $1 AND m.user_id = $2"
    );
    database
        .query_optional(sql(text).bind(organization).bind(user).of(organization))
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Whether a person with this address belongs to the organisation.
pub(crate) async fn has_email(database: &dyn Sql, organization: OrganizationId, email: &str) -> Result<bool, SqlError> {
    let statement = sql("SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id AND u.deleted_at IS NULL \
                         WHERE m.organization_id = $1 AND u.email = $2")
    .bind(organization)
    .bind(email)
    .of(organization);
    Ok(database.query_optional(statement).await?.is_some())
}

pub(super) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
    filter: MemberFilter,
    page: &PageRequest,
) -> Result<Vec<Member>, SqlError> {
    let text = format!(
        "SELECT {MEMBER} FROM memberships m JOIN users u ON u.id = m.user_id AND u.deleted_at IS NULL \
         WHERE m.organization_id = $1 AND ($2 = '' OR u.id < $2) AND ($3 = '' OR u.kind = $3) \
         AND ($4 = '' OR m.role = $4) ORDER BY u.id DESC LIMIT $5"
    );
    let statement = sql(text)
        .bind(organization)
        .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
        .bind(filter.kind.map_or("", UserKind::as_str))
        .bind(filter.role.map_or("", Role::as_str))
        .bind(i64::from(page.limit) + 1)
        .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

/// Whether somebody else owns the organisation.
pub(crate) async fn has_other_owner(
    database: &dyn Sql,
    organization: OrganizationId,
    user: UserId,
) -> Result<bool, SqlError> {
    let text =
        format!("SELECT m.user_id FROM memberships m WHERE m.organization_id = $1 AND m.user_id = $2 AND {GUARD}");
    Ok(database.query_optional(sql(text).bind(organization).bind(user).of(organization)).await?.is_some())
}

/// That an organisation `$1` keeps an owner who is not `$2`.
const GUARD: &str = "EXISTS (SELECT 1 FROM memberships o JOIN users p ON p.id = o.user_id AND p.deleted_at IS NULL \
                     WHERE o.organization_id = $1 AND o.role = 'owner' AND o.user_id <> $2)";

/// One row, if the member has the role `before` and the organisation keeps an owner. It has to be held.
pub(crate) fn set_role(organization: OrganizationId, user: UserId, before: Role, role: Role) -> Statement {
    let text = format!(
        "UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2 AND role = $4 \
         AND ($3 = 'owner' OR {GUARD})"
    );
    sql(text).bind(organization).bind(user).bind(role.as_str()).bind(before.as_str()).of(organization)
}

/// One row, if this is a person of the organisation.
pub(crate) fn make_owner(organization: OrganizationId, user: UserId) -> Statement {
    sql("UPDATE memberships SET role = 'owner' WHERE organization_id = $1 AND user_id = $2 \
         AND EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND u.kind = 'person' AND u.deleted_at IS NULL)")
    .bind(organization)
    .bind(user)
    .of(organization)
}

/// One row, if the member has the role `before` and the organisation keeps an owner. It has to be held.
pub(super) fn delete(organization: OrganizationId, user: UserId, before: Role) -> Statement {
    let text = format!("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2 AND role = $3 AND {GUARD}");
    sql(text).bind(organization).bind(user).bind(before.as_str()).of(organization)
}

/// One row, whoever is left.
pub(crate) fn delete_any(organization: OrganizationId, user: UserId) -> Statement {
    sql("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2")
        .bind(organization)
        .bind(user)
        .of(organization)
}

pub(super) fn end_sessions(organization: OrganizationId, user: UserId, now: Timestamp) -> Statement {
    sql("UPDATE sessions SET revoked_at = $3 WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL")
        .bind(organization)
        .bind(user)
        .bind(now)
        .of(organization)
}

pub(super) fn leave_teams(organization: OrganizationId, user: UserId) -> Statement {
    sql("DELETE FROM team_members WHERE organization_id = $1 AND user_id = $2")
        .bind(organization)
        .bind(user)
        .of(organization)
}

pub(super) fn leave_projects(organization: OrganizationId, user: UserId) -> Statement {
    sql("DELETE FROM project_members WHERE organization_id = $1 AND user_id = $2")
        .bind(organization)
        .bind(user)
        .of(organization)
}

/// One row at most: a service account of the organisation has nowhere else to go.
pub(super) fn end_service_account(organization: OrganizationId, user: UserId, now: Timestamp) -> Statement {
    sql("UPDATE users SET deleted_at = $3, updated_at = $3 WHERE id = $2 AND kind = 'service' \
         AND EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = $1 AND m.user_id = $2)")
    .bind(organization)
    .bind(user)
    .bind(now)
    .of(organization)
}

fn read(row: &Row) -> Result<Member, SqlError> {
    Ok(Member {
        user: row.get("id")?,
        kind: row.parse("kind")?,
        name: row.get("name")?,
        email: row.get("email")?,
        avatar_url: row.get("avatar_url")?,
        role: row.parse("role")?,
        created_at: row.get("created_at")?,
    })
}
