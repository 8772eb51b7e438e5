//! SQL of OAuth clients. They are nobody's: what is granted to one is a session, and that is a user's.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use serde_json::json;

use super::model::Client;
use crate::redirect::RedirectUri;

const COLUMNS: &str =
    "id, kind, name, redirect_uris, grant_types, token_endpoint_auth_method, secret_hash, created_at, expires_at";

pub(super) async fn find(database: &dyn Sql, id: &str) -> Result<Option<Client>, SqlError> {
    let text = format!("SELECT {COLUMNS} FROM oauth_clients WHERE id = $1");
    database.query_optional(sql(text).bind(id)).await?.as_ref().map(read).transpose()
}

pub(super) fn register(client: &Client) -> Statement {
    bind(sql(format!("INSERT INTO oauth_clients ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")), client)
}

/// A copy of a document, in place of the one before.
pub(super) fn put_document(client: &Client) -> Statement {
    let text = format!(
        "INSERT INTO oauth_clients ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, redirect_uris = excluded.redirect_uris, \
         grant_types = excluded.grant_types, created_at = excluded.created_at, expires_at = excluded.expires_at"
    );
    bind(sql(text), client)
}

fn bind(statement: Statement, client: &Client) -> Statement {
    let uris: Vec<_> = client.redirect_uris.iter().map(RedirectUri::as_str).collect();
    statement
        .bind(client.id.as_str())
        .bind(client.kind.as_str())
        .bind(client.name.as_str())
        .bind(json!(uris).to_string())
        .bind(json!(client.grant_types).to_string())
        .bind(client.auth_method.as_str())
        .bind(client.secret_hash.as_deref())
        .bind(client.created_at)
        .bind(client.expires_at)
}

/// Clients that were never used, and copies of documents that are too old. Those that are used stay.
pub(super) fn forget_expired(now: Timestamp) -> Statement {
    sql("DELETE FROM oauth_clients WHERE expires_at < $1").bind(now)
}

/// Somebody has granted it something: a registered client stays from now on.
pub(crate) fn mark_used(id: &str, now: Timestamp) -> Statement {
    sql("UPDATE oauth_clients SET used_at = $2, \
         expires_at = CASE WHEN kind = 'registered' THEN NULL ELSE expires_at END WHERE id = $1")
    .bind(id)
    .bind(now)
}

fn read(row: &Row) -> Result<Client, SqlError> {
    let decode = |column: &str| SqlError::Decode { column: column.to_owned() };
    let uris: Vec<String> = row.json("redirect_uris")?;
    let uris = uris.iter().map(|uri| RedirectUri::parse(uri, usize::MAX));
    Ok(Client {
        id: row.get("id")?,
        kind: row.parse("kind")?,
        name: row.get("name")?,
        redirect_uris: uris.collect::<Result<_, _>>().map_err(|_| decode("redirect_uris"))?,
        grant_types: row.json("grant_types")?,
        auth_method: row.parse("token_endpoint_auth_method")?,
        secret_hash: row.get("secret_hash")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}
