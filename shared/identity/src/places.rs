//! Where a user belongs, for whoever lets them choose.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{SqlError, Step};

use crate::model::{Membership, Organization};
use crate::store;

/// Somewhere a user belongs.
#[derive(Clone, Debug)]
pub struct Place {
    /// As what.
    pub membership: Membership,
    /// The organisation's name, for people.
    pub name: String,
}

/// Everywhere a user belongs, by the organisations' names.
///
/// # Errors
/// [`SqlError`].
pub async fn places_of(ports: &Ports, user: UserId) -> Result<Vec<Place>, SqlError> {
    let memberships = store::memberships_of(ports.sql.as_ref(), user, store::By::Name).await?;
    let place = |(membership, organization): (_, Organization)| Place { membership, name: organization.name };
    Ok(memberships.into_iter().map(place).collect())
}

/// That a user belongs to an organisation, while both are there.
///
/// # Errors
/// [`SqlError`].
pub async fn find_membership(
    ports: &Ports,
    user: UserId,
    organization: OrganizationId,
) -> Result<Option<Membership>, SqlError> {
    store::find_membership(ports.sql.as_ref(), organization, user).await
}

/// A step without which its batch does nothing: the user still belongs to the organisation, as what they were when that was
/// read.
#[must_use]
pub fn hold_membership(membership: &Membership) -> Step {
    store::hold_membership(membership).expecting(1)
}
