//! SQL of organisations, users and memberships.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, sql};

use crate::email::EmailAddress;
use crate::model::{Membership, Organization, User};

const MEMBERSHIP: &str = "m.organization_id, m.user_id, m.role, m.created_at AS member_since";

/// Memberships whose user and organisation are there.
const BELONGING: &str = "memberships m JOIN users u ON u.id = m.user_id AND u.deleted_at IS NULL \
                         JOIN organizations o ON o.id = m.organization_id AND o.deleted_at IS NULL";

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
    sql("INSERT INTO users (id, kind, email, email_verified_at, name, password_hash, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)")
    .bind(user.id)
    .bind(user.kind.as_str())
    .bind(user.email.as_deref())
    .bind(user.email_verified_at)
    .bind(user.name.as_str())
    .bind(user.password_hash.as_deref())
    .bind(user.created_at)
}

pub(crate) fn insert_membership(membership: &Membership) -> Statement {
    sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)")
        .bind(membership.organization)
        .bind(membership.user)
        .bind(membership.role.as_str())
        .bind(membership.created_at)
        .of(membership.organization)
}

/// What the user with this address, which is proven to be theirs, belongs to, two at most. Without a tenant like the query above:
/// it is how a token's tenant is found.
pub(crate) async fn find_memberships_by_email(
    database: &dyn Sql,
    email: &EmailAddress,
) -> Result<Vec<Membership>, SqlError> {
    let text = format!(
        "SELECT {MEMBERSHIP} FROM {BELONGING} WHERE u.email = $1 AND u.email_verified_at IS NOT NULL \
         ORDER BY m.organization_id LIMIT 2"
    );
    let statement = sql(text)
        .bind(email.as_str())
        .across_tenants("another issuer's token does not say which tenant its user is of");
    database.query(statement).await?.iter().map(read_membership).collect()
}

/// In which order a user's organisations come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The one first to which they have belonged longest.
    Length,
    /// By the organisations' slugs.
    Slug,
    /// By the organisations' names.
    Name,
}

/// What a user belongs to, while both are there. Without a tenant: it is how the user chooses one.
pub(crate) async fn memberships_of(
    database: &dyn Sql,
    user: UserId,
    by: By,
) -> Result<Vec<(Membership, Organization)>, SqlError> {
    let order = match by {
        By::Length => "m.created_at, m.organization_id",
        By::Slug => "o.slug",
        By::Name => "o.name, o.id",
    };
    let text = format!(
        "SELECT {MEMBERSHIP}, o.id, o.slug, o.name, o.created_at FROM {BELONGING} WHERE m.user_id = $1 ORDER BY {order}"
    );
    let statement = sql(text).bind(user).across_tenants("the user chooses among them");
    let read = |row: &Row| Ok((read_membership(row)?, read_organization(row)?));
    database.query(statement).await?.iter().map(read).collect()
}

/// That a user belongs to an organisation, while both are there.
pub(crate) async fn find_membership(
    database: &dyn Sql,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Membership>, SqlError> {
    let text = format!("SELECT {MEMBERSHIP} FROM {BELONGING} WHERE m.organization_id = $1 AND m.user_id = $2");
    let statement = sql(text).bind(organization).bind(user).of(organization);
    database.query_optional(statement).await?.as_ref().map(read_membership).transpose()
}

/// One row, while the user is there: what several do at once to the ways in which they sign in is done one after the other.
pub(crate) fn hold_user(user: UserId) -> Statement {
    sql("UPDATE users SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL").bind(user)
}

/// One row while the user has the password that was looked at when they signed in, or still none: for the batch that opens a
/// session. A new password ends all sessions, and so those that are opened just then.
pub fn hold_password(user: &User) -> Step {
    sql("UPDATE users SET updated_at = updated_at WHERE id = $1 AND deleted_at IS NULL AND COALESCE(password_hash, '') = $2")
        .bind(user.id)
        .bind(user.password_hash.as_deref().unwrap_or_default())
        .expecting(1)
}

/// One row while the user still belongs to the organisation as this: for a batch that must not hold otherwise.
pub(crate) fn hold_membership(membership: &Membership) -> Statement {
    sql("UPDATE memberships SET role = role WHERE organization_id = $1 AND user_id = $2 AND role = $3")
        .bind(membership.organization)
        .bind(membership.user)
        .bind(membership.role.as_str())
        .of(membership.organization)
}

/// The person with this address.
pub(crate) async fn find_user_by_email(database: &dyn Sql, email: &EmailAddress) -> Result<Option<User>, SqlError> {
    let statement = sql("SELECT id, kind, email, email_verified_at, name, password_hash, created_at FROM users \
                         WHERE email = $1 AND deleted_at IS NULL")
    .bind(email.as_str());
    database.query_optional(statement).await?.as_ref().map(read_user).transpose()
}

/// A user by their id. Without a tenant: they ask about themselves.
pub(crate) async fn find_user(database: &dyn Sql, user: UserId) -> Result<Option<User>, SqlError> {
    let statement = sql("SELECT id, kind, email, email_verified_at, name, password_hash, created_at FROM users \
                         WHERE id = $1 AND deleted_at IS NULL")
    .bind(user);
    database.query_optional(statement).await?.as_ref().map(read_user).transpose()
}

/// Another password.
pub(crate) fn set_password(user: UserId, hash: &str, now: Timestamp) -> Statement {
    sql("UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL")
        .bind(user)
        .bind(hash)
        .bind(now)
}

/// One row, if the address is still the user's. The first proof counts.
pub(crate) fn verify_email(user: UserId, email: &str, now: Timestamp) -> Statement {
    sql("UPDATE users SET email_verified_at = CASE WHEN email_verified_at IS NULL THEN $3 ELSE email_verified_at END \
         WHERE id = $1 AND email = $2 AND deleted_at IS NULL")
    .bind(user)
    .bind(email)
    .bind(now)
}

/// Another hash of the same password, unless it has been changed since `before` was read.
pub(crate) fn replace_password_hash(user: UserId, before: &str, hash: &str) -> Statement {
    sql("UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2").bind(user).bind(before).bind(hash)
}

pub(crate) fn read_user(row: &Row) -> Result<User, SqlError> {
    Ok(User {
        id: row.get("id")?,
        kind: row.parse("kind")?,
        email: row.get("email")?,
        email_verified_at: row.get("email_verified_at")?,
        name: row.get("name")?,
        password_hash: row.get("password_hash")?,
        created_at: row.get("created_at")?,
    })
}

pub(crate) fn read_membership(row: &Row) -> Result<Membership, SqlError> {
    Ok(Membership {
        organization: row.get("organization_id")?,
        user: row.get("user_id")?,
        role: row.parse("role")?,
        created_at: row.get("member_since")?,
    })
}

pub(crate) fn read_organization(row: &Row) -> Result<Organization, SqlError> {
    Ok(Organization {
        id: row.get("id")?,
        slug: row.get("slug")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
    })
}
