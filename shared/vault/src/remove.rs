//! Removing a secret.

use bulkhead_audit::{AuditEvent, Outcome};
use bulkhead_kernel::Ports;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{SqlError, Step};

use crate::binding::Binding;
use crate::model::{Author, FieldName, Scope, target};
use crate::store;

/// The step that removes a secret if it is there, for a batch that does more than that.
#[must_use]
pub fn remove_step(organization: OrganizationId, scope: &Scope, field: &FieldName) -> Step {
    store::delete(&Binding { organization, scope, field }).into()
}

/// The step that removes all secrets of a scope, for a batch that does more than that.
#[must_use]
pub fn remove_scope(organization: OrganizationId, scope: &Scope) -> Step {
    store::delete_scope(organization, scope).into()
}

/// Removes a secret; false when there is none of this name.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn remove(ports: &Ports, author: &Author, scope: &Scope, field: &FieldName) -> Result<bool, SqlError> {
    let binding = Binding { organization: author.organization, scope, field };
    let audit = AuditEvent::pending_by(
        ports,
        author.organization,
        author.actor.clone(),
        "secret.remove",
        target(scope, field),
        &author.correlation,
    );
    let steps =
        vec![store::delete(&binding).expecting(1), bulkhead_audit::begin(&audit.ended(Outcome::Succeeded)).into()];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unexpected_rows_at(0) => Ok(false),
        Err(error) => Err(error),
    }
}
