//! Which invitations can be taken.

use bulkhead_audit::Act;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use super::model::Invitation;
use super::{InvitationError, store};
use crate::organization_target;

/// The organisation's invitations that can be taken, newest first.
///
/// # Errors
/// [`InvitationError`].
pub async fn list_invitations(
    ports: &Ports,
    caller: &Caller,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Invitation>, InvitationError> {
    let act = Act::new(ports, caller, "invitation.list", organization_target(caller), correlation);
    act.admit(Permission::ManageMembers).await?;
    let rows = store::list(ports.sql.as_ref(), caller.organization, ports.now(), page).await?;
    Ok(Page::from_rows(rows, page.limit, |invitation| invitation.id.to_string()))
}
