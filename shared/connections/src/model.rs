//! A connection.

use bulkhead_audit::Target;
use bulkhead_connectors::{AuthType, Slug};
use bulkhead_kernel::id::{ConnectionId, OrganizationId, ProjectId, UserId};
use bulkhead_kernel::{Caller, Role, Timestamp};

use crate::state::State;

/// The names of a connection's secrets in the vault.
pub mod fields {
    /// What proves to the service who the caller is: an access token or a key.
    pub const CREDENTIAL: &str = "credential";
    /// What new tokens are had for.
    pub const REFRESH_TOKEN: &str = "refresh_token";
}

/// Whose a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A user's own: nobody else's calls use it.
    User(UserId),
    /// A project's: its members' calls use it, where they have none of their own.
    Project(ProjectId),
}

/// A connected account, or one that is being connected.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The tenant.
    pub organization: OrganizationId,
    /// Of which connector.
    pub connector: Slug,
    /// Whose it is.
    pub owner: Owner,
    /// Its name for people.
    pub label: String,
    /// The account, as the provider calls it.
    pub account: Option<String>,
    /// How it was connected.
    pub auth_type: AuthType,
    /// Who gave its tokens; empty when nobody did.
    pub authority: String,
    /// Where it is in its life.
    pub state: State,
    /// What it was granted, or what was asked for when the provider did not say.
    pub scopes: Vec<String>,
    /// Grows with every change of its secrets.
    pub version: i64,
    /// Who began it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Connection {
    /// Whether the caller may connect it again: their own, and an admin a project's. What is another user's is connected
    /// by nobody else.
    #[must_use]
    pub fn may_be_connected_by(&self, caller: &Caller) -> bool {
        self.may_be_connected_as(caller.user, caller.role)
    }

    /// The same of a user with this role.
    #[must_use]
    pub fn may_be_connected_as(&self, user: UserId, role: Role) -> bool {
        match self.owner {
            Owner::User(owner) => owner == user,
            Owner::Project(_) => role.administers(),
        }
    }

    /// As the audit trail names it.
    #[must_use]
    pub fn target(&self) -> Target {
        target(self.id)
    }
}

pub(crate) fn target(id: ConnectionId) -> Target {
    Target { kind: "connection".to_owned(), id: id.to_string() }
}
