//! Who may do what with a project: the matrix of permissions and project roles.

use bulkhead_kernel::id::{OrganizationId, ProjectId, UserId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Ports};
use serde::{Deserialize, Serialize};

use super::store::{self, Looker};

/// A role in a project, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectRole {
    /// Sees it.
    Viewer,
    /// Works with what it has.
    Developer,
    /// Sets it up, and says who may do what in it.
    Maintainer,
}

/// Something that not everybody may do with a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectPermission {
    /// See it, and who has which role in it.
    ReadProject,
    /// Call tools with what is connected to it.
    UseConnections,
    /// Change what it is called.
    ChangeProject,
    /// Give roles in it to members and teams, and take them away.
    ManageRoles,
    /// Delete it.
    DeleteProject,
}

impl ProjectRole {
    /// Every one, from least to most.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Developer, Self::Maintainer];

    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Maintainer => "maintainer",
        }
    }

    /// Whether it is enough.
    #[must_use]
    pub fn may(self, permission: ProjectPermission) -> bool {
        self >= permission.least_role()
    }
}

impl std::str::FromStr for ProjectRole {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

impl ProjectPermission {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::ReadProject, Self::UseConnections, Self::ChangeProject, Self::ManageRoles, Self::DeleteProject];

    /// The matrix: the least role that may.
    #[must_use]
    pub const fn least_role(self) -> ProjectRole {
        match self {
            Self::ReadProject => ProjectRole::Viewer,
            Self::UseConnections => ProjectRole::Developer,
            Self::ChangeProject | Self::ManageRoles | Self::DeleteProject => ProjectRole::Maintainer,
        }
    }
}

/// The highest role that a caller has in a project of their organisation, by themselves, by a team, or because they set up
/// the organisation; `None` when they have none or there is no such project.
///
/// # Errors
/// [`SqlError`] when it can't be read; then nothing may be allowed.
pub async fn project_role(ports: &Ports, caller: &Caller, id: ProjectId) -> Result<Option<ProjectRole>, SqlError> {
    Ok(store::find(ports.sql.as_ref(), caller, id).await?.map(|project| project.role))
}

/// The same of whoever it is now: a member of the organisation with the role that they have today, whatever credential they
/// had when they asked for what is done in their name.
///
/// # Errors
/// [`SqlError`] when it can't be read; then nothing may be allowed.
pub async fn project_role_of(
    ports: &Ports,
    organization: OrganizationId,
    user: UserId,
    id: ProjectId,
) -> Result<Option<ProjectRole>, SqlError> {
    let database = ports.sql.as_ref();
    let Some(membership) = crate::store::find_membership(database, organization, user).await? else { return Ok(None) };
    let looker = Looker { organization, user, role: membership.role };
    Ok(store::find(database, looker, id).await?.map(|project| project.role))
}
