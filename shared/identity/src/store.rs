//! SQL of organisations, users and API keys.

use bulkhead_kernel::Role;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};

use crate::model::{ApiKey, Organization, User};

pub(crate) async fn has_organization(database: &dyn Sql) -> Result<bool, SqlError> {
    let statement = sql("SELECT id FROM organizations LIMIT 1").across_tenants("it is asked before there is a tenant");
    Ok(database.query_optional(statement).await?.is_some())
}

pub(crate) async fn find_organization(database: &dyn Sql, slug: &str) -> Result<Option<Organization>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM organizations WHERE slug = $1")
        .bind(slug)
        .across_tenants("an operator names the organisation, and belongs to none");
    database.query_optional(statement).await?.as_ref().map(read_organization).transpose()
}

/// The first ones by their names.
pub(crate) async fn list_organizations(database: &dyn Sql, limit: u32) -> Result<Vec<Organization>, SqlError> {
    let statement = sql("SELECT id, slug, name, created_at FROM organizations ORDER BY slug LIMIT $1")
        .bind(limit)
        .across_tenants("an operator is told which organisations there are");
    database.query(statement).await?.iter().map(read_organization).collect()
}

/// Every one: whoever operates the installation tells all of them.
pub(crate) async fn organization_ids(database: &dyn Sql) -> Result<Vec<OrganizationId>, SqlError> {
    let statement = sql("SELECT id FROM organizations ORDER BY id")
        .across_tenants("what is done to the installation is told to every tenant");
    database.query(statement).await?.iter().map(|row| row.get("id")).collect()
}

pub(crate) fn insert_organization(organization: &Organization) -> Statement {
    sql("INSERT INTO organizations (id, slug, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(organization.id)
        .bind(organization.slug.as_str())
        .bind(organization.name.as_str())
        .bind(organization.created_at)
        .of(organization.id)
}

pub(crate) fn insert_user(user: &User) -> Statement {
    sql("INSERT INTO users (id, organization_id, email, name, role, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(user.id)
        .bind(user.organization)
        .bind(user.email.as_str())
        .bind(user.name.as_str())
        .bind(user.role.as_str())
        .bind(user.created_at)
        .of(user.organization)
}

pub(crate) fn insert_api_key(key: &ApiKey) -> Statement {
    sql("INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at, expires_at, revoked_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
    .bind(key.id)
    .bind(key.organization)
    .bind(key.user)
    .bind(key.name.as_str())
    .bind(key.prefix.as_str())
    .bind(key.hash.as_str())
    .bind(key.created_at)
    .bind(key.expires_at)
    .bind(key.revoked_at)
    .of(key.organization)
}

/// The key with this prefix and its user's role. Without a tenant: it is how the tenant is found.
pub(crate) async fn find_by_prefix(database: &dyn Sql, prefix: &str) -> Result<Option<(ApiKey, Role)>, SqlError> {
    let statement = sql("SELECT k.id, k.organization_id, k.user_id, k.name, k.prefix, k.hash, k.created_at, \
                         k.expires_at, k.revoked_at, u.role \
                         FROM api_keys k JOIN users u ON u.id = k.user_id AND u.organization_id = k.organization_id \
                         WHERE k.prefix = $1")
    .bind(prefix)
    .across_tenants("a key's row says whose it is");
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// The users with this address, two at most. Without a tenant like the query above: it is how a token's tenant is found.
pub(crate) async fn find_users_by_email(
    database: &dyn Sql,
    email: &str,
) -> Result<Vec<(OrganizationId, UserId, Role)>, SqlError> {
    let statement = sql("SELECT id, organization_id, role FROM users WHERE email = $1 LIMIT 2")
        .bind(email)
        .across_tenants("another issuer's token does not say which tenant its user is of");
    let read = |row: &Row| Ok((row.get("organization_id")?, row.get("id")?, row.parse("role")?));
    database.query(statement).await?.iter().map(read).collect()
}

fn read_organization(row: &Row) -> Result<Organization, SqlError> {
    Ok(Organization {
        id: row.get("id")?,
        slug: row.get("slug")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
    })
}

fn read(row: &Row) -> Result<(ApiKey, Role), SqlError> {
    let role = row.parse("role")?;
    let key = ApiKey {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        user: row.get("user_id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        hash: row.get("hash")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.get("revoked_at")?,
    };
    Ok((key, role))
}
