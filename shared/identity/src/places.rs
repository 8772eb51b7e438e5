//! Where a user belongs, for whoever lets them choose.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::SqlError;

use crate::model::Membership;
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
    store::places_of(ports.sql.as_ref(), user).await
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
    let places = places_of(ports, user).await?;
    Ok(places.into_iter().map(|place| place.membership).find(|membership| membership.organization == organization))
}
