//! SQL of organisations, from inside one.

use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Role, Timestamp};

use crate::model::Organization;
use crate::opaque::OpaqueToken;

pub(super) async fn find(database: &dyn Sql, id: OrganizationId) -> Result<Option<Organization>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM organizations WHERE id = $1 AND deleted_at IS NULL")
        .bind(id)
        .of(id);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// What a user belongs to, by name. Without a tenant: it is how the user chooses one.
pub(super) async fn of_user(database: &dyn Sql, user: UserId) -> Result<Vec<(Organization, Role)>, SqlError> {
    let statement = sql("SELECT o.id, o.slug, o.name, o.created_at, m.role FROM memberships m \
                         JOIN organizations o ON o.id = m.organization_id AND o.deleted_at IS NULL \
                         WHERE m.user_id = $1 ORDER BY o.slug")
    .bind(user)
    .across_tenants("a user sees every organisation that they belong to");
    let read = |row: &Row| Ok((read(row)?, row.parse("role")?));
    database.query(statement).await?.iter().map(read).collect()
}

/// One row, while the organisation is there. Whoever else holds it waits until this batch is done, so that what the next
/// step looks at stays as it is: on PostgreSQL two batches see each other's rows only after they are committed.
pub(crate) fn hold(id: OrganizationId) -> Statement {
    sql("UPDATE organizations SET name = name WHERE id = $1 AND deleted_at IS NULL").bind(id).of(id)
}

/// One row, while the organisation is there.
pub(super) fn change(id: OrganizationId, slug: Option<&str>, name: Option<&str>) -> Statement {
    sql("UPDATE organizations SET slug = COALESCE($2, slug), name = COALESCE($3, name) \
         WHERE id = $1 AND deleted_at IS NULL")
    .bind(id)
    .bind(slug)
    .bind(name)
    .of(id)
}

/// One row, while the organisation is there.
pub(super) fn delete(id: OrganizationId, token: &OpaqueToken, now: Timestamp) -> Statement {
    sql("UPDATE organizations SET deleted_at = $2, restore_hash = $3 WHERE id = $1 AND deleted_at IS NULL")
        .bind(id)
        .bind(now)
        .bind(token.hash())
        .of(id)
}

/// The organisation that was deleted with this token, since `since`. Without a tenant: the token finds it.
pub(super) async fn find_deleted(
    database: &dyn Sql,
    token: &OpaqueToken,
    since: Timestamp,
) -> Result<Option<Organization>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM organizations \
                         WHERE restore_hash = $1 AND deleted_at > $2")
    .bind(token.hash())
    .bind(since)
    .across_tenants("a deleted organisation is found by what restores it");
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, unless somebody else was quicker.
pub(super) fn restore(id: OrganizationId, token: &OpaqueToken) -> Statement {
    sql("UPDATE organizations SET deleted_at = NULL, restore_hash = NULL WHERE id = $1 AND restore_hash = $2")
        .bind(id)
        .bind(token.hash())
        .of(id)
}

fn read(row: &Row) -> Result<Organization, SqlError> {
    Ok(Organization {
        id: row.get("id")?,
        slug: row.get("slug")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
    })
}
