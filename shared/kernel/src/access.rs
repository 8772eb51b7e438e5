//! Who may do what: one matrix of permissions and roles, and the scopes by which a credential gets less than its user has.
//!
//! It is here rather than in identity, because every feature asks it. For a new act add a [`Permission`], give it its row
//! in [`Permission::row`], and let the use case begin with [`Caller::may`](crate::Caller::may).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Role;

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// See connectors and their tools.
    ReadCatalogue,
    /// Call tools, and answer what they ask.
    CallTools,
    /// See jobs and their events.
    ReadJobs,
    /// Stop jobs.
    CancelJobs,
    /// See one's own connected accounts, and those of projects in which one has a role.
    ReadConnections,
    /// Connect accounts of one's own, and disconnect them: later calls act with them.
    ManageConnections,
    /// See and disconnect everybody's connected accounts, and connect those of projects; besides the permission to do it with
    /// one's own.
    AdministerConnections,
    /// Take from a connector what the organisation does not want of it, and see what was taken.
    RestrictConnectors,
    /// See the audit trail.
    ReadAudit,
    /// See and end one's own sessions, and change one's own profile.
    ManageProfile,
    /// Make, see and end one's own API keys.
    ManageApiKeys,
    /// Make and end service accounts and their keys; see and end everybody's keys.
    ManageServiceAccounts,
    /// See the organisation, its members, teams and projects.
    ReadOrganization,
    /// Make another organisation, as its owner.
    CreateOrganization,
    /// Change what the organisation is called.
    ChangeOrganization,
    /// Delete the organisation.
    DeleteOrganization,
    /// Invite and remove members, and change what they may do; never more than oneself may.
    ManageMembers,
    /// Make owners, and change or remove them.
    ManageOwners,
    /// Make, change and delete teams, and say who belongs to them.
    ManageTeams,
    /// Make projects, and be a maintainer of every one.
    ManageProjects,
}

/// What a credential can be granted, as API keys and OAuth clients ask for it (RFC 6749, section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Scope {
    /// `tools`: connectors, tools, jobs, and which accounts are connected.
    Tools,
    /// `audit:read`: the audit trail.
    AuditRead,
    /// `organization`: what the organisation is and has.
    Organization,
    /// `profile`: the user's own profile and sessions, and the accounts that their calls act with.
    Profile,
}

impl Permission {
    /// Every one.
    pub const ALL: [Self; 20] = [
        Self::ReadCatalogue,
        Self::CallTools,
        Self::ReadJobs,
        Self::CancelJobs,
        Self::ReadConnections,
        Self::ManageConnections,
        Self::AdministerConnections,
        Self::RestrictConnectors,
        Self::ReadAudit,
        Self::ManageProfile,
        Self::ManageApiKeys,
        Self::ManageServiceAccounts,
        Self::ReadOrganization,
        Self::CreateOrganization,
        Self::ChangeOrganization,
        Self::DeleteOrganization,
        Self::ManageMembers,
        Self::ManageOwners,
        Self::ManageTeams,
        Self::ManageProjects,
    ];

    /// The matrix: the least role that may, and the scope that a credential needs.
    const fn row(self) -> (Role, Scope) {
        match self {
            Self::ReadCatalogue | Self::CallTools | Self::ReadJobs | Self::CancelJobs | Self::ReadConnections => {
                (Role::Member, Scope::Tools)
            }
            Self::ReadOrganization => (Role::Member, Scope::Organization),
            Self::AdministerConnections
            | Self::RestrictConnectors
            | Self::ManageServiceAccounts
            | Self::ChangeOrganization
            | Self::ManageMembers
            | Self::ManageTeams
            | Self::ManageProjects => (Role::Admin, Scope::Organization),
            Self::CreateOrganization | Self::DeleteOrganization | Self::ManageOwners => {
                (Role::Owner, Scope::Organization)
            }
            Self::ReadAudit => (Role::Member, Scope::AuditRead),
            Self::ManageConnections | Self::ManageProfile | Self::ManageApiKeys => (Role::Member, Scope::Profile),
        }
    }

    /// The least role that may.
    #[must_use]
    pub const fn least_role(self) -> Role {
        self.row().0
    }

    /// The scope that a credential needs for it.
    #[must_use]
    pub const fn scope(self) -> Scope {
        self.row().1
    }
}

/// A text is no [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a scope; scopes are tools, audit:read, organization and profile")]
pub struct InvalidScope;

impl Scope {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Tools, Self::AuditRead, Self::Organization, Self::Profile];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::AuditRead => "audit:read",
            Self::Organization => "organization",
            Self::Profile => "profile",
        }
    }
}

impl From<Scope> for &'static str {
    fn from(scope: Scope) -> Self {
        scope.as_str()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(InvalidScope)
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;
    fn try_from(text: String) -> Result<Self, InvalidScope> {
        text.parse()
    }
}

/// What a credential was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Whatever its user may do.
    Everything,
    /// These, of what its user may do.
    Only(BTreeSet<Scope>),
}

impl Scopes {
    /// Whether these are no more than those.
    #[must_use]
    pub fn within(&self, others: &Self) -> bool {
        match (self, others) {
            (_, Self::Everything) => true,
            (Self::Everything, Self::Only(_)) => false,
            (Self::Only(these), Self::Only(others)) => these.is_subset(others),
        }
    }

    /// Whether this is among them.
    #[must_use]
    pub fn contain(&self, scope: Scope) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(granted) => granted.contains(&scope),
        }
    }

    /// As OAuth writes them, separated by spaces; `None` for everything.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Everything => None,
            Self::Only(granted) => Some(granted.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")),
        }
    }

    /// The other way around. What is not understood grants nothing.
    #[must_use]
    pub fn from_text(text: Option<&str>) -> Self {
        match text {
            None => Self::Everything,
            Some(text) => Self::Only(text.split(' ').filter_map(|scope| scope.parse().ok()).collect()),
        }
    }
}

/// Why a caller may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The user's role is not enough.
    #[error("this takes the role {}; ask somebody who has it in your organization", .0.as_str())]
    Role(Role),
    /// The user may, but not with this credential.
    #[error("the credential was not granted the scope {0}")]
    Scope(Scope),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caller, Credential};

    fn caller(role: Role, scopes: Scopes) -> Caller {
        let id = uuid::Uuid::nil();
        let credential = Credential::ApiKey(id.into());
        Caller { organization: id.into(), user: id.into(), role, scopes, credential }
    }

    #[test]
    fn a_role_may_what_lower_roles_may() {
        for permission in Permission::ALL {
            let may = |role| caller(role, Scopes::Everything).may(permission).is_ok();
            assert!(may(Role::Owner), "{permission:?}");
            assert!(!may(Role::Member) || may(Role::Admin), "{permission:?}");
            assert_eq!(may(Role::Member), permission.least_role() == Role::Member);
        }
        let denied = caller(Role::Member, Scopes::Everything).may(Permission::RestrictConnectors);
        assert_eq!(denied, Err(Denied::Role(Role::Admin)));
    }

    #[test]
    fn a_credential_may_what_it_was_granted_and_its_user_may() {
        for permission in Permission::ALL {
            let granted = Scopes::Only([permission.scope()].into());
            assert_eq!(caller(Role::Owner, granted).may(permission), Ok(()));
            let others = Scope::ALL.into_iter().filter(|scope| *scope != permission.scope()).collect();
            let denied = caller(Role::Owner, Scopes::Only(others)).may(permission);
            assert_eq!(denied, Err(Denied::Scope(permission.scope())));
        }
    }

    #[test]
    fn everything_is_within_everything_alone() {
        let only = |scopes: &[Scope]| Scopes::Only(scopes.iter().copied().collect());
        let (some, more) = (only(&[Scope::Tools]), only(&[Scope::Tools, Scope::Profile]));
        assert!(some.within(&Scopes::Everything) && some.within(&more) && only(&[]).within(&some));
        assert!(Scopes::Everything.within(&Scopes::Everything));
        assert!(!more.within(&some) && !Scopes::Everything.within(&more) && !some.within(&only(&[Scope::Profile])));
    }

    #[test]
    fn scopes_come_back_from_their_text_and_what_is_unknown_grants_nothing() {
        let some = Scopes::Only([Scope::Tools, Scope::AuditRead].into());
        assert_eq!(Scopes::from_text(some.as_text().as_deref()), some);
        assert_eq!(Scopes::from_text(None), Scopes::Everything);
        assert_eq!(Scopes::from_text(Some("everything Tools")), Scopes::Only(BTreeSet::new()));
        assert_eq!(Scopes::from_text(Some("")), Scopes::Only(BTreeSet::new()));
    }
}
