//! Reading what is taken away.

use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Ports};

use super::known::InForce;
use super::model::Restrictions;
use super::restrict::RestrictError;
use super::{admit, store};
use crate::model::Slug;

/// The restrictions of a connector for the caller's organisation, as its owners and admins see them; nothing is taken
/// away when there are none.
///
/// # Errors
/// [`RestrictError`].
pub async fn restrictions(
    ports: &Ports,
    caller: &Caller,
    slug: &Slug,
    correlation: &CorrelationId,
) -> Result<Restrictions, RestrictError> {
    admit(ports, caller, "connector.read_restrictions", slug, correlation).await?;
    if crate::get(ports, slug.as_str()).await?.is_none() {
        return Err(RestrictError::UnknownConnector);
    }
    let found = find_restrictions(ports, caller.organization, slug.as_str()).await?;
    Ok(found.map(|in_force| in_force.restrictions).unwrap_or_default())
}

/// An organisation's restrictions of a connector, to apply them.
///
/// # Errors
/// [`SqlError`] when they can't be read; then nothing may be allowed.
pub async fn find_restrictions(
    ports: &Ports,
    organization: OrganizationId,
    connector: &str,
) -> Result<Option<InForce>, SqlError> {
    store::find(ports.sql.as_ref(), organization, connector).await
}

/// An organisation's restrictions of all connectors, by their slugs, to apply them to lists.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn restrictions_of(
    ports: &Ports,
    organization: OrganizationId,
) -> Result<Vec<(String, Restrictions)>, SqlError> {
    store::list(ports.sql.as_ref(), organization).await
}
