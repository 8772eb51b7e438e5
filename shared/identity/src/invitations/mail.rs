//! What the mail of an invitation takes: the one place that the outbox joins in.

use bulkhead_kernel::sql::Step;

use super::model::Invitation;
use crate::opaque::OpaqueToken;

/// What sends the invitation, in the batch that records it. Nothing yet: the one who invites is shown the token and sends it.
pub(super) fn invite(_: &Invitation, _: &OpaqueToken) -> Vec<Step> {
    Vec::new()
}
