//! What the caller's organisation is, and which others the caller belongs to.

use bulkhead_audit::Act;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Role};
use serde::Serialize;

use super::{OrganizationError, store};
use crate::model::{Membership, Organization};
use crate::organization_target;
use crate::store::{By, memberships_of};

/// An organisation, as one of its members sees it.
#[derive(Clone, Debug, Serialize)]
pub struct OwnOrganization {
    /// The organisation.
    #[serde(flatten)]
    pub organization: Organization,
    /// What the member may do there.
    pub role: Role,
}

/// The caller's organisation.
///
/// # Errors
/// [`OrganizationError`].
pub async fn read_organization(
    ports: &Ports,
    caller: &Caller,
    correlation: &CorrelationId,
) -> Result<OwnOrganization, OrganizationError> {
    let act = Act::new(ports, caller, "organization.read", organization_target(caller), correlation);
    act.admit(Permission::ReadOrganization).await?;
    let found = store::find(ports.sql.as_ref(), caller.organization).await?;
    let organization = found.ok_or(OrganizationError::Unknown)?;
    Ok(OwnOrganization { organization, role: caller.role })
}

/// Every organisation to which the caller belongs, by slug. A key, and what was granted to a client, sees its own alone.
///
/// # Errors
/// [`OrganizationError`].
pub async fn list_organizations(
    ports: &Ports,
    caller: &Caller,
    correlation: &CorrelationId,
) -> Result<Vec<OwnOrganization>, OrganizationError> {
    let act = Act::new(ports, caller, "organization.list", organization_target(caller), correlation);
    act.admit(Permission::ReadOrganization).await?;
    let all = memberships_of(ports.sql.as_ref(), caller.user, By::Slug).await?;
    let signed_in = crate::signed_in(ports, caller).await?;
    let own = |(membership, organization): (Membership, _)| OwnOrganization { organization, role: membership.role };
    let mut own: Vec<_> = all.into_iter().map(own).collect();
    own.retain(|own| signed_in || own.organization.id == caller.organization);
    Ok(own)
}
