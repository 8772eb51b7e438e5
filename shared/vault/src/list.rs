//! Which secrets there are.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::SqlError;

use crate::model::{Scope, SecretEntry};
use crate::store;

/// The most scopes that one statement names: databases bind only so many parameters.
const MAX_SCOPES: usize = 500;

/// An organisation's secrets by scope and name, without their values.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list(ports: &Ports, organization: OrganizationId) -> Result<Vec<SecretEntry>, SqlError> {
    store::list(ports.sql.as_ref(), organization).await
}

/// The same of some scopes.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list_scopes(
    ports: &Ports,
    organization: OrganizationId,
    scopes: &[Scope],
) -> Result<Vec<SecretEntry>, SqlError> {
    let mut entries = Vec::new();
    for scopes in scopes.chunks(MAX_SCOPES) {
        entries.extend(store::list_scopes(ports.sql.as_ref(), organization, scopes).await?);
    }
    Ok(entries)
}
