//! What an invitation is.

use bulkhead_kernel::id::{InvitationId, OrganizationId, UserId};
use bulkhead_kernel::{Role, Timestamp};
use serde::Serialize;

/// An invitation, as the organisation's admins see it.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The tenant.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Whom it is for: an address in lower case.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// Who gave it.
    pub invited_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Until when it can be taken.
    pub expires_at: Timestamp,
    /// Who has taken it.
    #[serde(skip)]
    pub accepted_by: Option<UserId>,
}
