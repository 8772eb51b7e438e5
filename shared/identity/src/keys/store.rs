//! SQL of API keys.

use core::net::IpAddr;

use bulkhead_kernel::id::{ApiKeyId, OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{PageRequest, Role, Scopes, Timestamp};

use super::model::ApiKey;
use super::networks::Networks;

const KEY: &str = "k.id, k.organization_id, k.user_id, k.name, k.prefix, k.hash, k.scopes, k.networks, k.created_at, \
                   k.expires_at, k.revoked_at, k.replaced_by, k.last_used_at, k.last_used_from";

pub(crate) fn insert(key: &ApiKey) -> Statement {
    sql("INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, scopes, networks, created_at, \
         expires_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
    .bind(key.id)
    .bind(key.organization)
    .bind(key.user)
    .bind(key.name.as_str())
    .bind(key.prefix.as_str())
    .bind(key.hash.as_str())
    .bind(key.scopes.as_text())
    .bind(key.networks.as_ref().map(Networks::as_text))
    .bind(key.created_at)
    .bind(key.expires_at)
    .bind(key.revoked_at)
    .of(key.organization)
}

/// The key with this prefix and its user's role, while user and organisation are there. Without a tenant: it is how the
/// tenant is found.
pub(crate) async fn find_by_prefix(database: &dyn Sql, prefix: &str) -> Result<Option<(ApiKey, Role)>, SqlError> {
    let text = format!(
        "SELECT {KEY}, m.role FROM api_keys k \
         JOIN memberships m ON m.user_id = k.user_id AND m.organization_id = k.organization_id \
         JOIN users u ON u.id = k.user_id AND u.deleted_at IS NULL \
         JOIN organizations o ON o.id = k.organization_id AND o.deleted_at IS NULL \
         WHERE k.prefix = $1"
    );
    let read = |row: &Row| Ok((read(row)?, row.parse("role")?));
    database
        .query_optional(sql(text).bind(prefix).across_tenants("a key's row says whose it is"))
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// That a key was used, unless that was noted since `before`.
pub(crate) fn note_use(key: &ApiKey, from: Option<IpAddr>, now: Timestamp, before: Timestamp) -> Statement {
    sql("UPDATE api_keys SET last_used_at = $3, last_used_from = $4 \
         WHERE organization_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at <= $5)")
    .bind(key.organization)
    .bind(key.id)
    .bind(now)
    .bind(from.map(|address| address.to_string()))
    .bind(before)
    .of(key.organization)
}

pub(super) async fn find(
    database: &dyn Sql,
    organization: OrganizationId,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, SqlError> {
    let text = format!("SELECT {KEY} FROM api_keys k WHERE k.organization_id = $1 AND k.id = $2");
    database
        .query_optional(sql(text).bind(organization).bind(id).of(organization))
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// A user's keys, or everybody's, newest first.
pub(super) async fn list(
    database: &dyn Sql,
    organization: OrganizationId,
    user: Option<UserId>,
    page: &PageRequest,
) -> Result<Vec<ApiKey>, SqlError> {
    let text = format!(
        "SELECT {KEY} FROM api_keys k WHERE k.organization_id = $1 AND ($2 = '' OR k.user_id = $2) \
         AND ($3 = '' OR k.id < $3) ORDER BY k.id DESC LIMIT $4"
    );
    let statement = sql(text)
        .bind(organization)
        .bind(user.map(|user| user.to_string()).unwrap_or_default())
        .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
        .bind(i64::from(page.limit) + 1)
        .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

/// One row, unless it has ended.
pub(crate) fn hold(organization: OrganizationId, id: ApiKeyId, now: Timestamp) -> Statement {
    sql("UPDATE api_keys SET name = name WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > $3)")
    .bind(organization)
    .bind(id)
    .bind(now)
    .of(organization)
}

/// One row, unless it was revoked before.
pub(super) fn revoke(organization: OrganizationId, id: ApiKeyId, now: Timestamp) -> Statement {
    sql("UPDATE api_keys SET revoked_at = $3 WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL")
        .bind(organization)
        .bind(id)
        .bind(now)
        .of(organization)
}

/// All keys of a user in an organisation.
pub(crate) fn revoke_all(organization: OrganizationId, user: UserId, now: Timestamp) -> Statement {
    sql("UPDATE api_keys SET revoked_at = $3 WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL")
        .bind(organization)
        .bind(user)
        .bind(now)
        .of(organization)
}

/// One row, unless it has ended or was replaced. No key ends later than it would have.
pub(super) fn replace(
    organization: OrganizationId,
    old: ApiKeyId,
    new: ApiKeyId,
    now: Timestamp,
    ends: Timestamp,
) -> Statement {
    sql("UPDATE api_keys SET replaced_by = $3, \
         expires_at = CASE WHEN expires_at < $5 THEN expires_at ELSE $5 END \
         WHERE organization_id = $1 AND id = $2 AND revoked_at IS NULL AND replaced_by IS NULL \
         AND (expires_at IS NULL OR expires_at > $4)")
    .bind(organization)
    .bind(old)
    .bind(new)
    .bind(now)
    .bind(ends)
    .of(organization)
}

/// Whether this is a service account of the organisation.
pub(super) async fn is_service_account(
    database: &dyn Sql,
    organization: OrganizationId,
    user: UserId,
) -> Result<bool, SqlError> {
    let statement = sql("SELECT u.id FROM users u JOIN memberships m ON m.user_id = u.id \
                         WHERE m.organization_id = $1 AND u.id = $2 AND u.kind = 'service' AND u.deleted_at IS NULL")
    .bind(organization)
    .bind(user)
    .of(organization);
    Ok(database.query_optional(statement).await?.is_some())
}

fn read(row: &Row) -> Result<ApiKey, SqlError> {
    let scopes: Option<String> = row.get("scopes")?;
    let networks: Option<String> = row.get("networks")?;
    Ok(ApiKey {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        user: row.get("user_id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        hash: row.get("hash")?,
        scopes: Scopes::from_text(scopes.as_deref()),
        networks: networks.as_deref().map(Networks::from_text),
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.get("revoked_at")?,
        replaced_by: row.get("replaced_by")?,
        last_used_at: row.get("last_used_at")?,
        last_used_from: row.get("last_used_from")?,
    })
}
