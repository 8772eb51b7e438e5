//! What becomes of connections when their user goes.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::Step;

use crate::store;

/// What disconnects whatever a user has connected in an organisation, in the batch that ends the membership. As after
/// [`disconnect`](crate::disconnect) nobody can use it from then on, and the host revokes the tokens at the provider and removes
/// them, which stands in the audit trail for each connection.
#[must_use]
pub fn leave_steps(organization: OrganizationId, user: UserId, now: Timestamp) -> Vec<Step> {
    vec![store::forget_attempts_in(organization, user).into(), store::disconnect_all_in(organization, user, now).into()]
}

/// What disconnects what somebody has connected who made an account with another's address, in the batch that gives it to whoever
/// the address belongs to: in every organisation their own, and what they have connected for projects where nobody else is an
/// owner.
#[must_use]
pub fn disown_steps(user: UserId, now: Timestamp) -> Vec<Step> {
    let mut steps = forget_steps(user, &[], now);
    steps.push(store::disconnect_shared_by(user, now).into());
    steps
}

/// The same in every organisation, for the batch that erases a user: it is about all tenants. What says who they were elsewhere
/// goes at once. A project's connections stay with it, unless its organisation, one of these, has just gone for good.
#[must_use]
pub fn forget_steps(user: UserId, organizations: &[OrganizationId], now: Timestamp) -> Vec<Step> {
    let deserted = organizations.iter().map(|organization| store::disconnect_deserted(*organization, now));
    let mut steps: Vec<Step> = deserted.map(Step::from).collect();
    steps.extend(store::forget(user, now).map(Step::from));
    steps
}
