//! SQL of restrictions.

use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Caller, Timestamp};

use super::known::InForce;
use super::model::Restrictions;
use crate::model::Slug;

/// The SQL expression of the digest of the restrictions that are in force; the empty text when there are none. Both
/// arguments are SQL: places of parameters, or columns.
#[must_use]
pub fn digest_in_force(organization: &str, connector: &str) -> String {
    format!(
        "COALESCE((SELECT r.digest FROM connector_restrictions r \
         WHERE r.organization_id = {organization} AND r.connector = {connector}), '')"
    )
}

pub(super) async fn find(
    database: &dyn Sql,
    organization: OrganizationId,
    connector: &str,
) -> Result<Option<InForce>, SqlError> {
    let statement = sql("SELECT restrictions, digest FROM connector_restrictions \
                         WHERE organization_id = $1 AND connector = $2")
    .bind(organization)
    .bind(connector)
    .of(organization);
    database.query_optional(statement).await?.as_ref().map_or(Ok(None), InForce::read)
}

pub(super) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
) -> Result<Vec<(String, Restrictions)>, SqlError> {
    let statement = sql("SELECT connector, restrictions FROM connector_restrictions WHERE organization_id = $1")
        .bind(organization)
        .of(organization);
    let rows = database.query(statement).await?;
    rows.iter().map(|row| Ok((row.get("connector")?, row.json("restrictions")?))).collect()
}

pub(super) fn upsert(caller: &Caller, slug: &Slug, restrictions: &Restrictions, now: Timestamp) -> Statement {
    sql(
        "INSERT INTO connector_restrictions (organization_id, connector, restrictions, digest, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (organization_id, connector) DO UPDATE SET restrictions = excluded.restrictions, \
         digest = excluded.digest, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
    )
    .bind(caller.organization)
    .bind(slug.as_str())
    .bind(restrictions.json())
    .bind(restrictions.digest())
    .bind(now)
    .bind(caller.user)
    .of(caller.organization)
}

pub(super) fn delete(caller: &Caller, slug: &Slug) -> Statement {
    sql("DELETE FROM connector_restrictions WHERE organization_id = $1 AND connector = $2")
        .bind(caller.organization)
        .bind(slug.as_str())
        .of(caller.organization)
}

impl InForce {
    /// The columns `restrictions` and `digest` of a row; both are null where there is nothing.
    ///
    /// # Errors
    /// [`SqlError::Decode`] when they can't be read, as what a later Bulkhead wrote; then nothing may be allowed.
    pub fn read(row: &Row) -> Result<Option<Self>, SqlError> {
        let Some(digest) = row.get("digest")? else { return Ok(None) };
        Ok(Some(Self { restrictions: row.json("restrictions")?, digest }))
    }
}
