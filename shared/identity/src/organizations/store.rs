//! SQL of organisations, from inside one.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{Sql, SqlError, Statement, sql};

use crate::model::Organization;
use crate::opaque::OpaqueToken;
use crate::store::read_organization;

pub(super) async fn find(database: &dyn Sql, id: OrganizationId) -> Result<Option<Organization>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM organizations WHERE id = $1 AND deleted_at IS NULL")
        .bind(id)
        .of(id);
    database.query_optional(statement).await?.as_ref().map(read_organization).transpose()
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
    database.query_optional(statement).await?.as_ref().map(read_organization).transpose()
}

/// One row, unless somebody else was quicker.
pub(super) fn restore(id: OrganizationId, token: &OpaqueToken) -> Statement {
    sql("UPDATE organizations SET deleted_at = NULL, restore_hash = NULL WHERE id = $1 AND restore_hash = $2")
        .bind(id)
        .bind(token.hash())
        .of(id)
}
