//! Which keys there are.

use bulkhead_audit::Act;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use super::model::ApiKey;
use super::{KeyError, store};
use crate::organization_target;

/// Whose keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeysOf {
    /// The caller's own.
    #[default]
    Caller,
    /// Another user's.
    User(UserId),
    /// Everybody's in the organisation.
    All,
}

impl std::str::FromStr for KeysOf {
    type Err = bulkhead_kernel::id::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::User) }
    }
}

/// Keys in the caller's organisation, newest first, those that have ended as well. Other users' are for admins.
///
/// # Errors
/// [`KeyError`].
pub async fn list_keys(
    ports: &Ports,
    caller: &Caller,
    of: KeysOf,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<ApiKey>, KeyError> {
    let (user, permission) = match of {
        KeysOf::Caller => (Some(caller.user), Permission::ManageApiKeys),
        KeysOf::User(user) if user == caller.user => (Some(user), Permission::ManageApiKeys),
        KeysOf::User(user) => (Some(user), Permission::ManageServiceAccounts),
        KeysOf::All => (None, Permission::ManageServiceAccounts),
    };
    Act::new(ports, caller, "api_key.list", organization_target(caller), correlation).admit(permission).await?;
    let rows = store::list(ports.sql.as_ref(), caller.organization, user, page).await?;
    Ok(Page::from_rows(rows, page.limit, |key| key.id.to_string()))
}
