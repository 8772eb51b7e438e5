//! What an organisation is called.

use bulkhead_audit::Act;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::read::{OwnOrganization, read_organization};
use super::{OrganizationError, store};
use crate::{organization_target, text};

/// What to change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct OrganizationChange {
    /// The name in addresses.
    pub slug: Option<String>,
    /// The name for people.
    pub name: Option<String>,
}

/// Changes what the caller's organisation is called.
///
/// # Errors
/// [`OrganizationError`].
pub async fn change_organization(
    ports: &Ports,
    caller: &Caller,
    change: OrganizationChange,
    correlation: &CorrelationId,
) -> Result<OwnOrganization, OrganizationError> {
    let act = Act::new(ports, caller, "organization.change", organization_target(caller), correlation);
    act.admit(Permission::ChangeOrganization).await?;
    let OrganizationChange { slug, name } = change;
    let mut faults = Vec::new();
    if let Some(slug) = &slug {
        text::check_slug("/slug", slug, &mut faults);
    }
    if let Some(name) = &name {
        text::check_name("/name", name, &mut faults);
    }
    if !faults.is_empty() {
        return Err(OrganizationError::Invalid(faults));
    }
    let statement = store::change(caller.organization, slug.as_deref(), name.as_deref());
    match ports.sql.batch(vec![statement.expecting(1), act.done()]).await {
        Ok(_) => read_organization(ports, caller, correlation).await,
        Err(SqlError::UniqueViolation(_)) => Err(OrganizationError::SlugTaken),
        Err(error) => Err(error.into()),
    }
}
