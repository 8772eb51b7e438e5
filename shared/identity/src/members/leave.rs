//! What ends with a membership.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::Step;

use super::store;
use crate::keys::store as keys;

/// Ends what a user has in an organisation, before the membership itself: keys and sessions, so that none works again should
/// the user come back, and places in teams and projects.
pub(crate) fn leave(organization: OrganizationId, user: UserId, now: Timestamp) -> Vec<Step> {
    vec![
        keys::revoke_all(organization, user, now).into(),
        store::end_sessions(organization, user, now).into(),
        store::leave_teams(organization, user).into(),
        store::leave_projects(organization, user).into(),
    ]
}
