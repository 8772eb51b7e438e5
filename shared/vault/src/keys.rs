//! What the database knows of keys: their names, and whether a secret may still refer to them.
//!
//! A secret refers to an active key, and the database refuses to retire a key that a secret refers to. So however slow
//! a process is that still seals with an old key, none of its secrets can appear after the key is gone.

use bulkhead_kernel::Ports;
use bulkhead_kernel::sql::SqlError;

use crate::key::KeyId;
use crate::store;

/// A key and what it is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// The key.
    pub key: KeyId,
    /// Whether secrets may be sealed with it.
    pub active: bool,
    /// How many secrets it wraps, of all organisations.
    pub secrets: u64,
}

/// What [`retire`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Nothing refers to it, and nothing ever will.
    Done,
    /// A secret still refers to it; it stays as it was.
    StillUsed,
}

/// Every key that the database knows, oldest first.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn key_usage(ports: &Ports) -> Result<Vec<KeyUsage>, SqlError> {
    store::key_usage(ports.sql.as_ref()).await
}

/// Makes a key known. One that has been retired stays so.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn register(ports: &Ports, key: KeyId) -> Result<(), SqlError> {
    ports.sql.execute(store::register_key(key, ports.now())).await.map(drop)
}

/// Retires a key for good, known or not, unless a secret refers to it.
///
/// # Errors
/// [`SqlError`] when the database refuses for another reason.
pub async fn retire(ports: &Ports, key: KeyId) -> Result<Retired, SqlError> {
    match ports.sql.execute(store::retire_key(key, ports.now())).await {
        Ok(_) => Ok(Retired::Done),
        Err(SqlError::ConstraintViolation(_)) => Ok(Retired::StillUsed),
        Err(error) => Err(error),
    }
}

pub(crate) async fn is_retired(ports: &Ports, key: KeyId) -> Result<bool, SqlError> {
    Ok(key_usage(ports).await?.iter().any(|usage| usage.key == key && !usage.active))
}
