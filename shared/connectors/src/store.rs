//! SQL of the catalogue.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::ConnectorId;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};

use crate::approval::{Approval, NewApproval};
use crate::model::{AuthType, Connector, Slug, Tool};
use crate::register::NewConnector;

pub(crate) async fn list(database: &dyn Sql) -> Result<Vec<Connector>, SqlError> {
    let statement = sql(
        "SELECT id, slug, name, version, description, auth_type, auth_types, oauth, digest, created_at, updated_at \
                         FROM connectors WHERE status = 'available' ORDER BY slug",
    );
    database.query(statement).await?.iter().map(read).collect()
}

pub(crate) async fn find(database: &dyn Sql, slug: &str) -> Result<Option<Connector>, SqlError> {
    let statement = sql(
        "SELECT id, slug, name, version, description, auth_type, auth_types, oauth, digest, created_at, updated_at \
                         FROM connectors WHERE status = 'available' AND slug = $1",
    )
    .bind(slug);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// The id of the connector with this slug, removed or not: it comes back under the same id.
pub(crate) async fn find_any_id(database: &dyn Sql, slug: &str) -> Result<Option<ConnectorId>, SqlError> {
    let statement = sql("SELECT id FROM connectors WHERE slug = $1").bind(slug);
    database.query_optional(statement).await?.map(|row| row.get("id")).transpose()
}

pub(crate) fn upsert(id: ConnectorId, new: &NewConnector, now: Timestamp) -> Result<Statement, SqlError> {
    let oauth = new.oauth.as_ref().map(serde_json::to_string).transpose();
    let oauth = oauth.map_err(|error| SqlError::Other(error.to_string()))?;
    Ok(sql("INSERT INTO connectors \
         (id, slug, name, version, description, auth_type, digest, status, created_at, updated_at, oauth, auth_types) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'available', $8, $8, $9, $10) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, version = excluded.version, \
         description = excluded.description, auth_type = excluded.auth_type, digest = excluded.digest, \
         status = excluded.status, updated_at = excluded.updated_at, oauth = excluded.oauth, \
         auth_types = excluded.auth_types")
    .bind(id)
    .bind(new.slug.as_str())
    .bind(new.name.as_str())
    .bind(new.version.as_str())
    .bind(new.description.as_str())
    .bind(new.auth_types.usual().as_str())
    .bind(new.digest.as_str())
    .bind(now)
    .bind(oauth)
    .bind(new.auth_types.as_text()))
}

pub(crate) fn mark_removed(id: ConnectorId, now: Timestamp) -> Statement {
    sql("UPDATE connectors SET status = 'removed', updated_at = $1 WHERE id = $2").bind(now).bind(id)
}

pub(crate) fn delete_tools(connector: ConnectorId) -> Statement {
    sql("DELETE FROM connector_tools WHERE connector_id = $1").bind(connector)
}

pub(crate) fn insert_tool(connector: ConnectorId, position: usize, tool: &Tool) -> Result<Statement, SqlError> {
    let annotations = serde_json::to_string(&tool.annotations).map_err(|error| SqlError::Other(error.to_string()))?;
    Ok(sql("INSERT INTO connector_tools \
            (connector_id, name, position, title, description, input_schema, output_schema, annotations) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(connector)
    .bind(tool.name.as_str())
    .bind(i64::try_from(position).unwrap_or(i64::MAX))
    .bind(tool.title.as_str())
    .bind(tool.description.as_str())
    .bind(tool.input_schema.to_string())
    .bind(tool.output_schema.as_ref().map(ToString::to_string))
    .bind(annotations))
}

const SELECT_TOOL: &str = "SELECT t.name, t.title, t.description, t.input_schema, t.output_schema, t.annotations \
                           FROM connector_tools t JOIN connectors c ON c.id = t.connector_id \
                           WHERE c.status = 'available' AND c.slug = $1";

pub(crate) async fn list_tools(database: &dyn Sql, slug: &str) -> Result<Vec<Tool>, SqlError> {
    let statement = sql(format!("{SELECT_TOOL} ORDER BY t.position")).bind(slug);
    database.query(statement).await?.iter().map(read_tool).collect()
}

pub(crate) async fn find_tool(database: &dyn Sql, slug: &str, tool: &str) -> Result<Option<Tool>, SqlError> {
    let statement = sql(format!("{SELECT_TOOL} AND t.name = $2")).bind(slug).bind(tool);
    database.query_optional(statement).await?.as_ref().map(read_tool).transpose()
}

const SELECT_APPROVAL: &str =
    "SELECT slug, digest, grants, grants_digest, approved_at, approved_by FROM connector_approvals";

pub(crate) async fn approvals(database: &dyn Sql) -> Result<Vec<Approval>, SqlError> {
    let statement = sql(format!("{SELECT_APPROVAL} ORDER BY slug"));
    database.query(statement).await?.iter().map(read_approval).collect()
}

pub(crate) async fn find_approval(database: &dyn Sql, slug: &Slug) -> Result<Option<Approval>, SqlError> {
    let statement = sql(format!("{SELECT_APPROVAL} WHERE slug = $1")).bind(slug.as_str());
    database.query_optional(statement).await?.as_ref().map(read_approval).transpose()
}

/// The first approval of a connector. A second one is a violation of the primary key.
pub(crate) fn insert_approval(new: &NewApproval, by: &str, now: Timestamp) -> Statement {
    sql("INSERT INTO connector_approvals (slug, digest, grants, grants_digest, approved_at, approved_by) \
         VALUES ($1, $2, $3, $4, $5, $6)")
    .bind(new.slug.as_str())
    .bind(new.digest.as_str())
    .bind(new.grants.as_str())
    .bind(new.grants_digest.as_str())
    .bind(now)
    .bind(by)
}

/// A later one, unless the earlier one is no longer the one that was looked at.
pub(crate) fn replace_approval(old: &Approval, new: &NewApproval, by: &str, now: Timestamp) -> Statement {
    sql("UPDATE connector_approvals SET digest = $1, grants = $2, grants_digest = $3, approved_at = $4, \
         approved_by = $5 WHERE slug = $6 AND digest = $7 AND grants_digest = $8")
    .bind(new.digest.as_str())
    .bind(new.grants.as_str())
    .bind(new.grants_digest.as_str())
    .bind(now)
    .bind(by)
    .bind(new.slug.as_str())
    .bind(old.digest.as_str())
    .bind(old.grants_digest.as_str())
}

pub(crate) fn delete_approval(slug: &Slug) -> Statement {
    sql("DELETE FROM connector_approvals WHERE slug = $1").bind(slug.as_str())
}

fn read_approval(row: &Row) -> Result<Approval, SqlError> {
    Ok(Approval {
        slug: row.parse("slug")?,
        digest: row.get("digest")?,
        grants: row.get("grants")?,
        grants_digest: row.get("grants_digest")?,
        approved_at: row.get("approved_at")?,
        approved_by: row.get("approved_by")?,
    })
}

fn read(row: &Row) -> Result<Connector, SqlError> {
    let oauth: Option<String> = row.get("oauth")?;
    let auth_type: AuthType = row.parse("auth_type")?;
    let auth_types: Option<String> = row.get("auth_types")?;
    Ok(Connector {
        id: row.get("id")?,
        slug: row.parse("slug")?,
        name: row.get("name")?,
        version: row.get("version")?,
        description: row.get("description")?,
        auth_type,
        // What a later Bulkhead wrote connects nothing more here.
        auth_types: auth_types.and_then(|text| text.parse().ok()).unwrap_or_else(|| auth_type.into()),
        // What a later Bulkhead wrote connects nothing here.
        oauth: oauth.and_then(|text| serde_json::from_str(&text).ok()),
        digest: row.get("digest")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn read_tool(row: &Row) -> Result<Tool, SqlError> {
    let output_schema: Option<String> = row.get("output_schema")?;
    Ok(Tool {
        name: row.parse("name")?,
        title: row.get("title")?,
        description: row.get("description")?,
        input_schema: row.json("input_schema")?,
        output_schema: output_schema
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| SqlError::Decode { column: "output_schema".to_owned() })?,
        annotations: row.json("annotations")?,
    })
}
