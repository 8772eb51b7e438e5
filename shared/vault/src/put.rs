//! Storing a secret.

use bulkhead_audit::{AuditEvent, Outcome};
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Ports, Secret};

use crate::binding::Binding;
use crate::error::VaultError;
use crate::key::SealingKey;
use crate::keys;
use crate::model::{Author, FieldName, Scope, target};
use crate::store;

/// The most bytes of a secret when nobody says otherwise: a private key with a chain of certificates fits.
pub const DEFAULT_MAX_BYTES: usize = 64 << 10;

/// A secret to be stored.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// What it belongs to.
    pub scope: Scope,
    /// Its name.
    pub field: FieldName,
    /// The secret.
    pub value: Secret,
}

/// Stores a secret, in the place of the one that had its name. It takes only the sealing half of a key: whoever stores
/// need not be able to open.
///
/// # Errors
/// [`VaultError::TooLarge`] over `max_bytes`, [`VaultError::Empty`], [`VaultError::RetiredKey`] when a rotation has been
/// quicker, [`VaultError::Key`], and [`VaultError::Sql`].
pub async fn put(
    ports: &Ports,
    author: &Author,
    key: &SealingKey,
    new: &NewSecret,
    max_bytes: usize,
) -> Result<(), VaultError> {
    let mut steps = put_steps(ports, author.organization, key, std::slice::from_ref(new), max_bytes)?;
    let audit = AuditEvent::pending_by(
        ports,
        author.organization,
        author.actor.clone(),
        "secret.put",
        target(&new.scope, &new.field),
        &author.correlation,
    );
    steps.push(bulkhead_audit::begin(&audit.ended(Outcome::Succeeded)).into());
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) => Err(put_error(ports, key, error).await),
    }
}

/// The steps that store secrets, for a batch that does more than that. When the batch fails, [`put_error`] says why.
///
/// # Errors
/// [`VaultError::TooLarge`] over `max_bytes`, [`VaultError::Empty`], [`VaultError::Key`].
pub fn put_steps(
    ports: &Ports,
    organization: OrganizationId,
    key: &SealingKey,
    secrets: &[NewSecret],
    max_bytes: usize,
) -> Result<Vec<Step>, VaultError> {
    let now = ports.now();
    let mut steps = vec![store::register_key(key.id(), now).into()];
    for new in secrets {
        match new.value.expose().len() {
            0 => return Err(VaultError::Empty),
            length if length > max_bytes => return Err(VaultError::TooLarge { limit: max_bytes }),
            _ => {}
        }
        let binding = Binding { organization, scope: &new.scope, field: &new.field };
        let sealed = key.seal(&binding, &new.value, ports.entropy.as_ref())?;
        steps.push(store::upsert(ports.new_id(), &binding, &sealed, now).expecting(1));
    }
    Ok(steps)
}

/// Why a batch with [`put_steps`] failed: a secret may refer to an active key only.
pub async fn put_error(ports: &Ports, key: &SealingKey, error: SqlError) -> VaultError {
    match error {
        SqlError::ConstraintViolation(_) => match keys::is_retired(ports, key.id()).await {
            Ok(true) => VaultError::RetiredKey { key: key.id() },
            Ok(false) | Err(_) => error.into(),
        },
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::OpenedSecret;

    #[test]
    fn debug_shows_no_value() {
        let value = Secret::new("hunter2".to_owned());
        let field: FieldName = "token".parse().expect("a name");
        let scope = "connector:github".parse().expect("a scope");
        let opened = OpenedSecret { field: field.clone(), value: value.clone() };
        let shown = format!("{opened:?} {:?}", NewSecret { scope, field, value });
        assert!(shown.contains("token") && !shown.contains("hunter2"), "{shown}");
    }
}
