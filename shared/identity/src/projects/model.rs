//! What a project is.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{ProjectId, TeamId, UserId};
use serde::Serialize;

use super::access::ProjectRole;

/// A project, as somebody who has a role in it sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The caller's role in it: the highest that they have.
    pub role: ProjectRole,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who has a role in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", content = "id", rename_all = "lowercase")]
pub enum Holder {
    /// A member of the organisation.
    User(UserId),
    /// Everybody in a team.
    Team(TeamId),
}

/// A role in a project that somebody has.
#[derive(Clone, Debug, Serialize)]
pub struct ProjectGrant {
    /// Who.
    pub holder: Holder,
    /// Their name.
    pub name: String,
    /// The role.
    pub role: ProjectRole,
    /// Since when.
    pub created_at: Timestamp,
}
