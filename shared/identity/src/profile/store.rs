//! SQL of a user's own. It is a user's, whichever organisations they belong to.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use serde_json::{Map, Value};

use super::change::ProfileChange;
use super::model::Profile;

pub(super) async fn find(database: &dyn Sql, user: UserId) -> Result<Option<Profile>, SqlError> {
    let statement =
        sql("SELECT id, kind, email, email_verified_at, name, avatar_url, time_zone, locale, preferences, \
                         created_at FROM users WHERE id = $1 AND deleted_at IS NULL")
        .bind(user);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, if the user is there. What is absent stays; what is there as nothing is cleared.
pub(super) fn change(user: UserId, change: &ProfileChange, now: Timestamp) -> Statement {
    let text = |value: &Option<Option<String>>| value.clone().flatten();
    sql("UPDATE users SET name = COALESCE($3, name), \
         avatar_url = CASE WHEN $4 THEN $5 ELSE avatar_url END, \
         time_zone = CASE WHEN $6 THEN $7 ELSE time_zone END, \
         locale = CASE WHEN $8 THEN $9 ELSE locale END, \
         preferences = COALESCE($10, preferences), updated_at = $2 WHERE id = $1 AND deleted_at IS NULL")
    .bind(user)
    .bind(now)
    .bind(change.name.as_deref())
    .bind(change.avatar_url.is_some())
    .bind(text(&change.avatar_url))
    .bind(change.time_zone.is_some())
    .bind(text(&change.time_zone))
    .bind(change.locale.is_some())
    .bind(text(&change.locale))
    .bind(change.preferences.as_ref().map(|preferences| Value::Object(preferences.clone()).to_string()))
}

/// An organisation to which a user belongs.
pub(super) struct Belonging {
    pub(super) organization: OrganizationId,
    pub(super) slug: String,
    /// Whether the organisation is there.
    pub(super) alive: bool,
    /// Whether others depend on the user: the last owner, beside whom there are people.
    pub(super) is_needed: bool,
}

const OTHER_OWNER: &str = "EXISTS (SELECT 1 FROM memberships a JOIN users b ON b.id = a.user_id AND b.deleted_at IS NULL \
                           WHERE a.organization_id = m.organization_id AND a.user_id <> m.user_id AND a.role = 'owner')";
const OTHER_PERSON: &str = "EXISTS (SELECT 1 FROM memberships a JOIN users b ON b.id = a.user_id \
                            AND b.deleted_at IS NULL AND b.kind = 'person' \
                            WHERE a.organization_id = m.organization_id AND a.user_id <> m.user_id)";

/// By id, so that two who hold several organisations do so in one order.
pub(super) async fn belongings(database: &dyn Sql, user: UserId) -> Result<Vec<Belonging>, SqlError> {
    let text = format!(
        "SELECT m.organization_id, o.slug, o.deleted_at, m.role, \
         CASE WHEN m.role = 'owner' AND NOT {OTHER_OWNER} AND {OTHER_PERSON} THEN 1 ELSE 0 END AS needed \
         FROM memberships m JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = $1 \
         ORDER BY m.organization_id"
    );
    let read = |row: &Row| {
        let alive = row.get::<Option<Timestamp>>("deleted_at")?.is_none();
        Ok(Belonging {
            organization: row.get("organization_id")?,
            slug: row.get("slug")?,
            alive,
            is_needed: alive && row.get::<i64>("needed")? == 1,
        })
    };
    database
        .query(sql(text).bind(user).across_tenants("whoever leaves leaves every organisation"))
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One row, unless others depend on the user. The organisation has to be held.
pub(super) fn leave(organization: OrganizationId, user: UserId) -> Statement {
    let text = format!(
        "DELETE FROM memberships AS m WHERE m.organization_id = $1 AND m.user_id = $2 \
         AND (m.role <> 'owner' OR {OTHER_OWNER} OR NOT {OTHER_PERSON})"
    );
    sql(text).bind(organization).bind(user).of(organization)
}

/// One row when no person is left. Nobody can have it back: whose it was is gone.
pub(super) fn delete_deserted(organization: OrganizationId, now: Timestamp) -> Statement {
    sql("UPDATE organizations SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM memberships a JOIN users b ON b.id = a.user_id AND b.deleted_at IS NULL \
         AND b.kind = 'person' WHERE a.organization_id = $1)")
    .bind(organization)
    .bind(now)
    .of(organization)
}

/// What says who a user was, but for their id.
pub(super) fn forget(user: UserId, now: Timestamp) -> Vec<Statement> {
    vec![
        sql("DELETE FROM one_time_tokens WHERE user_id = $1").bind(user),
        sql("DELETE FROM refresh_tokens WHERE session_id IN (SELECT s.id FROM sessions s WHERE s.user_id = $1)")
            .bind(user)
            .across_tenants("a user is forgotten in every organisation: tokens"),
        sql("UPDATE sessions SET revoked_at = COALESCE(revoked_at, $2), user_agent = NULL, address = NULL, \
             secret_hash = NULL WHERE user_id = $1")
        .bind(user)
        .bind(now)
        .across_tenants("a user is forgotten in every organisation: sessions"),
        sql("UPDATE invitations SET email = '' WHERE accepted_by = $1")
            .bind(user)
            .across_tenants("a user is forgotten in every organisation: invitations"),
        sql("UPDATE users SET email = NULL, email_verified_at = NULL, name = 'Deleted user', password_hash = NULL, \
             avatar_url = NULL, time_zone = NULL, locale = NULL, preferences = NULL, deleted_at = $2, updated_at = $2 \
             WHERE id = $1 AND deleted_at IS NULL")
        .bind(user)
        .bind(now),
    ]
}

/// The rows of a query by user, as JSON objects of their columns: for the user's own eyes.
pub(super) async fn rows(database: &dyn Sql, text: &'static str, user: UserId) -> Result<Vec<Value>, SqlError> {
    use bulkhead_kernel::sql::Value as Column;
    let json = |column: &str, value: &Column| match value {
        Column::Integer(millis) if column.ends_with("_at") => {
            Value::String(Timestamp::from_millis(*millis).to_string())
        }
        Column::Integer(number) => (*number).into(),
        Column::Text(text) => Value::String(text.clone()),
        Column::Bool(value) => Value::Bool(*value),
        Column::Null | Column::Real(_) | Column::Blob(_) => Value::Null,
    };
    let object = |row: &Row| {
        let columns = row.columns().iter().zip(row.values());
        Value::Object(columns.map(|(column, value)| (column.clone(), json(column, value))).collect())
    };
    Ok(database
        .query(sql(text).bind(user).across_tenants("a user gets what every organisation has of them"))
        .await?
        .iter()
        .map(object)
        .collect())
}

fn read(row: &Row) -> Result<Profile, SqlError> {
    let preferences: Option<String> = row.get("preferences")?;
    let preferences: Map<String, Value> = match preferences {
        None => Map::new(),
        Some(_) => row.json("preferences")?,
    };
    Ok(Profile {
        id: row.get("id")?,
        kind: row.parse("kind")?,
        email: row.get("email")?,
        email_verified_at: row.get("email_verified_at")?,
        name: row.get("name")?,
        avatar_url: row.get("avatar_url")?,
        time_zone: row.get("time_zone")?,
        locale: row.get("locale")?,
        preferences,
        created_at: row.get("created_at")?,
    })
}
