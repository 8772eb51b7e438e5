//! Which secrets there are.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::SqlError;

use crate::model::{Scope, SecretEntry};
use crate::store;

/// An organisation's secrets by scope and name, without their values.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list(ports: &Ports, organization: OrganizationId) -> Result<Vec<SecretEntry>, SqlError> {
    store::list(ports.sql.as_ref(), organization).await
}

/// The same of one scope.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list_scope(
    ports: &Ports,
    organization: OrganizationId,
    scope: &Scope,
) -> Result<Vec<SecretEntry>, SqlError> {
    store::list_scope(ports.sql.as_ref(), organization, scope).await
}
