//! Teams: members of an organisation who hold roles in projects together.

mod change;
mod create;
mod delete;
mod members;
mod model;
mod read;
pub(crate) mod store;

pub use change::change_team;
pub use create::create_team;
pub use delete::delete_team;
pub use members::{add_team_member, list_team_members, remove_team_member};
pub use model::{Named, NamedChange, Team, TeamMember};
pub use read::{list_teams, read_team};

use bulkhead_audit::Target;
use bulkhead_kernel::id::TeamId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Denied, Fault};

/// Why a team is not made, told or changed.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// The organisation has no such team.
    #[error("your organization has no team of this id; GET /v1/teams lists them")]
    Unknown,
    /// The organisation has no such member.
    #[error("your organization has no such member; GET /v1/organization/members lists them")]
    UnknownMember,
    /// Another team has the slug.
    #[error("another team of your organization has this slug; choose another one")]
    SlugTaken,
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the team can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A team as the audit trail names it.
fn target(id: TeamId) -> Target {
    Target::new("team", id)
}
