//! Storing a secret.

use bulkhead_audit::{AuditEvent, Outcome};
use bulkhead_kernel::sql::SqlError;
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
    match new.value.expose().len() {
        0 => return Err(VaultError::Empty),
        length if length > max_bytes => return Err(VaultError::TooLarge { limit: max_bytes }),
        _ => {}
    }
    let binding = Binding { organization: author.organization, scope: &new.scope, field: &new.field };
    let sealed = key.seal(&binding, &new.value, ports.entropy.as_ref())?;
    let audit = AuditEvent::pending_by(
        ports,
        author.organization,
        author.actor.clone(),
        "secret.put",
        target(&new.scope, &new.field),
        &author.correlation,
    );
    let now = ports.now();
    let steps = vec![
        store::register_key(key.id(), now).into(),
        store::upsert(ports.new_id(), &binding, &sealed, now).expecting(1),
        bulkhead_audit::begin(&audit.ended(Outcome::Succeeded)).into(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        // A secret may refer to an active key only.
        Err(SqlError::ConstraintViolation(_)) if keys::is_retired(ports, key.id()).await? => {
            Err(VaultError::RetiredKey { key: key.id() })
        }
        Err(error) => Err(error.into()),
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
