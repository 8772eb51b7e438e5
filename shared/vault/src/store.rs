//! SQL of secrets and of what is known about keys.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{OrganizationId, SecretId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};

use crate::binding::Binding;
use crate::envelope::{FORMAT, Sealed};
use crate::key::KeyId;
use crate::keys::KeyUsage;
use crate::model::{FieldName, Scope, SecretEntry};

/// A row as it is.
pub(crate) struct StoredSecret {
    pub(crate) id: SecretId,
    pub(crate) organization: OrganizationId,
    pub(crate) scope: Scope,
    pub(crate) field: FieldName,
    /// Absent when it is not of the format that this version knows.
    pub(crate) sealed: Option<Sealed>,
}

const SELECT: &str =
    "SELECT id, organization_id, scope, field, format, key_id, wrapped_key, nonce, ciphertext FROM vault_secrets";

pub(crate) fn upsert(id: SecretId, binding: &Binding<'_>, sealed: &Sealed, now: Timestamp) -> Statement {
    sql(
        "INSERT INTO vault_secrets (id, organization_id, scope, field, format, key_id, key_active, wrapped_key, nonce, \
         ciphertext, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
         ON CONFLICT (organization_id, scope, field) DO UPDATE SET format = excluded.format, \
         key_id = excluded.key_id, wrapped_key = excluded.wrapped_key, nonce = excluded.nonce, \
         ciphertext = excluded.ciphertext, updated_at = excluded.updated_at",
    )
    .bind(id)
    .bind(binding.organization)
    .bind(binding.scope.to_string())
    .bind(binding.field.as_str())
    .bind(FORMAT)
    .bind(sealed.key)
    .bind(true)
    .bind(sealed.wrapped_key.clone())
    .bind(sealed.nonce.clone())
    .bind(sealed.ciphertext.clone())
    .bind(now)
    .of(binding.organization)
}

pub(crate) fn delete(binding: &Binding<'_>) -> Statement {
    sql("DELETE FROM vault_secrets WHERE organization_id = $1 AND scope = $2 AND field = $3")
        .bind(binding.organization)
        .bind(binding.scope.to_string())
        .bind(binding.field.as_str())
        .of(binding.organization)
}

pub(crate) fn delete_scope(organization: OrganizationId, scope: &Scope) -> Statement {
    sql("DELETE FROM vault_secrets WHERE organization_id = $1 AND scope = $2")
        .bind(organization)
        .bind(scope.to_string())
        .of(organization)
}

/// Replaces the wrapped key, if the row still has the old one.
pub(crate) fn replace_wrapped_key(organization: OrganizationId, id: SecretId, old: &Sealed, new: &Sealed) -> Statement {
    sql("UPDATE vault_secrets SET key_id = $1, wrapped_key = $2 \
         WHERE organization_id = $3 AND id = $4 AND key_id = $5 AND wrapped_key = $6")
    .bind(new.key)
    .bind(new.wrapped_key.clone())
    .bind(organization)
    .bind(id)
    .bind(old.key)
    .bind(old.wrapped_key.clone())
    .of(organization)
}

pub(crate) async fn of_scope(
    database: &dyn Sql,
    organization: OrganizationId,
    scope: &Scope,
) -> Result<Vec<StoredSecret>, SqlError> {
    let statement = sql(format!("{SELECT} WHERE organization_id = $1 AND scope = $2 ORDER BY field"))
        .bind(organization)
        .bind(scope.to_string())
        .of(organization);
    database.query(statement).await?.iter().map(read).collect()
}

/// For a rotation, which serves every tenant: none of them learns of it.
pub(crate) async fn not_wrapped_by(
    database: &dyn Sql,
    key: KeyId,
    after: Option<SecretId>,
    limit: u32,
) -> Result<Vec<StoredSecret>, SqlError> {
    let statement = sql(format!("{SELECT} WHERE key_id <> $1 AND ($2 = '' OR id > $2) ORDER BY id LIMIT $3"))
        .bind(key)
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(limit)
        .across_tenants("a rotation wraps the secrets of every tenant anew");
    database.query(statement).await?.iter().map(read).collect()
}

pub(crate) async fn list(database: &dyn Sql, organization: OrganizationId) -> Result<Vec<SecretEntry>, SqlError> {
    let statement = sql("SELECT scope, field, key_id, created_at, updated_at FROM vault_secrets \
                         WHERE organization_id = $1 ORDER BY scope, field")
    .bind(organization)
    .of(organization);
    database.query(statement).await?.iter().map(read_entry).collect()
}

pub(crate) async fn list_scopes(
    database: &dyn Sql,
    organization: OrganizationId,
    scopes: &[Scope],
) -> Result<Vec<SecretEntry>, SqlError> {
    let named = (2..).take(scopes.len()).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
    let statement = sql(format!(
        "SELECT scope, field, key_id, created_at, updated_at FROM vault_secrets \
         WHERE organization_id = $1 AND scope IN ({named}) ORDER BY scope, field"
    ))
    .bind(organization);
    let statement = scopes.iter().fold(statement, |statement, scope| statement.bind(scope.to_string()));
    database.query(statement.of(organization)).await?.iter().map(read_entry).collect()
}

/// Makes a key known. What is known already stays as it is: a retired key never comes back.
pub(crate) fn register_key(key: KeyId, now: Timestamp) -> Statement {
    sql("INSERT INTO vault_keys (id, active, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING")
        .bind(key)
        .bind(true)
        .bind(now)
}

/// Retires a key, known or not. The foreign key refuses it while a secret refers to the key.
pub(crate) fn retire_key(key: KeyId, now: Timestamp) -> Statement {
    sql("INSERT INTO vault_keys (id, active, created_at, retired_at) VALUES ($1, $2, $3, $3) \
         ON CONFLICT (id) DO UPDATE SET active = excluded.active, retired_at = excluded.retired_at")
    .bind(key)
    .bind(false)
    .bind(now)
}

/// Keys belong to the installation, not to a tenant, and a count tells nothing of any.
pub(crate) async fn key_usage(database: &dyn Sql) -> Result<Vec<KeyUsage>, SqlError> {
    let statement =
        sql("SELECT k.id, k.active, (SELECT COUNT(*) FROM vault_secrets s WHERE s.key_id = k.id) AS secrets \
                         FROM vault_keys k ORDER BY k.created_at, k.id")
        .across_tenants("how many secrets a key wraps, of all tenants, says whether it can be retired");
    database.query(statement).await?.iter().map(read_usage).collect()
}

fn read(row: &Row) -> Result<StoredSecret, SqlError> {
    Ok(StoredSecret {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        scope: row.parse("scope")?,
        field: row.parse("field")?,
        sealed: read_sealed(row),
    })
}

fn read_sealed(row: &Row) -> Option<Sealed> {
    let sealed = Sealed {
        key: row.get("key_id").ok()?,
        wrapped_key: row.get("wrapped_key").ok()?,
        nonce: row.get("nonce").ok()?,
        ciphertext: row.get("ciphertext").ok()?,
    };
    Some(sealed).filter(|_| row.get("format") == Ok(FORMAT))
}

fn read_entry(row: &Row) -> Result<SecretEntry, SqlError> {
    Ok(SecretEntry {
        scope: row.parse("scope")?,
        field: row.parse("field")?,
        key: row.get("key_id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn read_usage(row: &Row) -> Result<KeyUsage, SqlError> {
    Ok(KeyUsage {
        key: row.get("id")?,
        active: row.get("active")?,
        secrets: u64::try_from(row.get::<i64>("secrets")?).unwrap_or(0),
    })
}
