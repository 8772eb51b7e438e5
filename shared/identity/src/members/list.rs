//! Who belongs to the organisation.

use bulkhead_audit::Act;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports, Role, Timestamp};
use serde::Serialize;

use super::{MemberError, store};
use crate::model::UserKind;
use crate::organization_target;

/// A member, as the others see it.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// The user's id.
    pub user: UserId,
    /// A person or a service account.
    pub kind: UserKind,
    /// Its name.
    pub name: String,
    /// Where mail reaches a person.
    pub email: Option<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

/// Which members; all when empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberFilter {
    /// Of this kind.
    pub kind: Option<UserKind>,
    /// With this role.
    pub role: Option<Role>,
}

/// The organisation's members, the newest users first.
///
/// # Errors
/// [`MemberError`].
pub async fn list_members(
    ports: &Ports,
    caller: &Caller,
    filter: MemberFilter,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Member>, MemberError> {
    let act = Act::new(ports, caller, "member.list", organization_target(caller), correlation);
    act.admit(Permission::ReadOrganization).await?;
    let rows = store::list(ports.sql.as_ref(), caller.organization, filter, page).await?;
    Ok(Page::from_rows(rows, page.limit, |member| member.user.to_string()))
}
