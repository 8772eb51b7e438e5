//! Opening the secrets of a scope, for a call.

use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::{Ports, Secret};

use crate::binding::Binding;
use crate::error::VaultError;
use crate::model::{FieldName, Scope};
use crate::ring::KeyRing;
use crate::store;

/// A secret in the clear.
#[derive(Clone, Debug)]
pub struct OpenedSecret {
    /// Its name.
    pub field: FieldName,
    /// The secret.
    pub value: Secret,
}

/// Opens all secrets of a scope, by name. One that can't be opened refuses them all: a call with half of its credentials
/// would fail in a way that nobody understands.
///
/// # Errors
/// [`VaultError::UnknownKey`], [`VaultError::Unreadable`], [`VaultError::Sql`].
pub async fn open(
    ports: &Ports,
    organization: OrganizationId,
    ring: &KeyRing,
    scope: &Scope,
) -> Result<Vec<OpenedSecret>, VaultError> {
    let rows = store::of_scope(ports.sql.as_ref(), organization, scope).await?;
    let mut opened = Vec::with_capacity(rows.len());
    for row in rows {
        let field = row.field;
        let unreadable = || VaultError::Unreadable { scope: scope.clone(), field: field.clone() };
        let sealed = row.sealed.ok_or_else(unreadable)?;
        let binding = Binding { organization, scope, field: &field };
        let value = ring.open(&binding, &sealed).map_err(|error| VaultError::from_open(error, scope, &field))?;
        opened.push(OpenedSecret { field, value });
    }
    Ok(opened)
}
