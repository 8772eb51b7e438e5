//! Why the vault did not do what it was asked.

use bulkhead_kernel::sql::SqlError;

use crate::envelope::OpenError;
use crate::key::{InvalidKey, KeyId};
use crate::model::{FieldName, Scope};

/// Why the vault did not do what it was asked. No variant has anything of a secret's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The secret is longer than the limit.
    #[error("the secret is longer than {limit} bytes; vault.max_secret_bytes is the limit")]
    TooLarge {
        /// The most bytes that a secret may have.
        limit: usize,
    },
    /// The secret is empty.
    #[error("the secret is empty")]
    Empty,
    /// A secret is wrapped by a key that is not there.
    #[error(
        "the vault key {key} is needed and not there; put it back into the key file, from the machine or backup that has it"
    )]
    UnknownKey {
        /// The key.
        key: KeyId,
    },
    /// A secret was changed in the database, or moved there from elsewhere.
    #[error("the secret {scope}/{field} can't be opened: it was changed or moved in the database; set it again")]
    Unreadable {
        /// What it belongs to.
        scope: Scope,
        /// Its name.
        field: FieldName,
    },
    /// The key that was to wrap the secret has been retired by a rotation.
    #[error("the vault key {key} has been retired; use the key file that the rotation has written")]
    RetiredKey {
        /// The key.
        key: KeyId,
    },
    /// The key that was to wrap the secret is not one that can.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// The database refuses.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl VaultError {
    pub(crate) fn from_open(error: OpenError, scope: &Scope, field: &FieldName) -> Self {
        match error {
            OpenError::UnknownKey(key) => Self::UnknownKey { key },
            OpenError::Unreadable => Self::Unreadable { scope: scope.clone(), field: field.clone() },
        }
    }
}
