//! SQL of passkeys. They are a user's, whichever organisation they act in.

use bulkhead_kernel::id::{PasskeyId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, sql};
use bulkhead_kernel::{PageRequest, Timestamp};
use webauthn_rp::bin::Decode;
use webauthn_rp::request::PublicKeyCredentialDescriptor;
use webauthn_rp::response::{AuthTransports, CredentialId};

use super::model::{MAX_PASSKEYS, Passkey, transport_names};
use crate::ways_in;

const PASSKEY: &str = "id, name, transports, backed_up, created_at, last_used_at";

/// One to be kept.
pub(super) struct NewPasskey {
    pub(super) passkey: Passkey,
    pub(super) user: UserId,
    pub(super) credential_id: String,
    pub(super) public_key: Vec<u8>,
    pub(super) state: Vec<u8>,
    pub(super) sign_count: u32,
    pub(super) transports: u8,
}

/// What a sign-in is held against.
pub(super) struct Stored {
    pub(super) id: PasskeyId,
    pub(super) user: UserId,
    pub(super) public_key: Vec<u8>,
    pub(super) state: Vec<u8>,
}

/// One row, unless the user has as many as there may be. The user has to be held.
pub(super) fn has_room(user: UserId) -> Step {
    sql("UPDATE users SET updated_at = updated_at WHERE id = $1 \
         AND (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) < $2")
    .bind(user)
    .bind(MAX_PASSKEYS)
    .expecting(1)
}

pub(super) fn insert(new: &NewPasskey) -> Statement {
    sql(
        "INSERT INTO passkeys (id, user_id, name, credential_id, public_key, state, sign_count, backed_up, transports, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.passkey.id)
    .bind(new.user)
    .bind(new.passkey.name.as_str())
    .bind(new.credential_id.as_str())
    .bind(new.public_key.clone())
    .bind(new.state.clone())
    .bind(new.sign_count)
    .bind(new.passkey.backed_up)
    .bind(u32::from(new.transports))
    .bind(new.passkey.created_at)
}

/// The one that an authenticator calls so, while its user is there.
pub(super) async fn find_by_credential(database: &dyn Sql, credential_id: &str) -> Result<Option<Stored>, SqlError> {
    let statement = sql("SELECT p.id, p.user_id, p.public_key, p.state FROM passkeys p \
                         JOIN users u ON u.id = p.user_id AND u.deleted_at IS NULL WHERE p.credential_id = $1")
    .bind(credential_id);
    let row = database.query_optional(statement).await?;
    row.map(|row| {
        Ok(Stored {
            id: row.get("id")?,
            user: row.get("user_id")?,
            public_key: row.get("public_key")?,
            state: row.get("state")?,
        })
    })
    .transpose()
}

/// One row, unless the counter has meanwhile got as far as this. Without a counter it stays 0.
pub(super) fn used(id: PasskeyId, state: Vec<u8>, sign_count: u32, backed_up: bool, now: Timestamp) -> Step {
    sql("UPDATE passkeys SET state = $2, sign_count = $3, backed_up = $4, last_used_at = $5 \
         WHERE id = $1 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))")
    .bind(id)
    .bind(state)
    .bind(sign_count)
    .bind(backed_up)
    .bind(now)
    .expecting(1)
}

/// All that a user has, as a browser is told them.
pub(super) async fn descriptors(
    database: &dyn Sql,
    user: UserId,
) -> Result<Vec<PublicKeyCredentialDescriptor<Vec<u8>>>, SqlError> {
    use base64::Engine as _;
    let unreadable = |column: &str| SqlError::Decode { column: column.to_owned() };
    let statement = sql("SELECT credential_id, transports FROM passkeys WHERE user_id = $1 ORDER BY id").bind(user);
    let read = |row: &Row| {
        let id: String = row.get("credential_id")?;
        let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(id).ok();
        let id = id.and_then(|id| CredentialId::decode(id).ok()).ok_or_else(|| unreadable("credential_id"))?;
        Ok(PublicKeyCredentialDescriptor { id, transports: transports(row)? })
    };
    database.query(statement).await?.iter().map(read).collect()
}

/// A user's, newest first.
pub(super) async fn list(database: &dyn Sql, user: UserId, page: &PageRequest) -> Result<Vec<Passkey>, SqlError> {
    let text =
        format!("SELECT {PASSKEY} FROM passkeys WHERE user_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3");
    let statement = sql(text)
        .bind(user)
        .bind(page.after.as_ref().map_or("", |cursor| cursor.key()))
        .bind(i64::from(page.limit) + 1);
    database.query(statement).await?.iter().map(read).collect()
}

pub(super) async fn find(database: &dyn Sql, user: UserId, id: PasskeyId) -> Result<Option<Passkey>, SqlError> {
    let text = format!("SELECT {PASSKEY} FROM passkeys WHERE user_id = $1 AND id = $2");
    database.query_optional(sql(text).bind(user).bind(id)).await?.as_ref().map(read).transpose()
}

/// One row, if it is the user's.
pub(super) fn rename(user: UserId, id: PasskeyId, name: &str) -> Step {
    sql("UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2").bind(user).bind(id).bind(name).expecting(1)
}

/// One row, if it is the user's, and they can sign in without it; `opens` is of [`ways_in::identity_that_opens`]. The user has
/// to be held.
pub(super) fn delete(user: UserId, id: PasskeyId, opens: &str) -> Step {
    let text = format!("DELETE FROM passkeys WHERE user_id = $1 AND id = $2 AND {}", ways_in::WITHOUT_IT);
    sql(text).bind(user).bind(id).bind(opens).expecting(1)
}

/// What goes with a user who is erased.
pub(crate) fn forget(user: UserId) -> [Statement; 2] {
    [
        sql("DELETE FROM passkey_ceremonies WHERE user_id = $1").bind(user),
        sql("DELETE FROM passkeys WHERE user_id = $1").bind(user),
    ]
}

fn transports(row: &Row) -> Result<AuthTransports, SqlError> {
    let bits: i64 = row.get("transports")?;
    let bits = u8::try_from(bits).ok().and_then(|bits| AuthTransports::decode(bits).ok());
    bits.ok_or_else(|| SqlError::Decode { column: "transports".to_owned() })
}

fn read(row: &Row) -> Result<Passkey, SqlError> {
    Ok(Passkey {
        id: row.get("id")?,
        name: row.get("name")?,
        transports: transport_names(transports(row)?),
        backed_up: row.get("backed_up")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}
