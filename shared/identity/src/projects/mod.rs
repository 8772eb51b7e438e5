//! Projects: what members and teams of an organisation have roles in.
//!
//! `access` has the matrix of project roles, and finds the role that a caller has. Whoever has none does not learn that the
//! project exists.

mod access;
mod change;
mod create;
mod delete;
mod model;
mod read;
mod roles;
mod store;

pub use access::{ProjectPermission, ProjectRole, project_role, project_role_of};
pub use change::{ProjectChange, change_project};
pub use create::{NewProject, create_project};
pub use delete::{delete_project, restore_project};
pub use model::{Holder, Project, ProjectGrant};
pub use read::{list_projects, read_project};
pub use roles::{clear_project_role, list_project_roles, set_project_role};
pub use store::projects_seen_by;

use bulkhead_audit::{Act, Target};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Denied, Fault, Permission, Ports};

/// Why a project is not made, told or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The organisation has no such project, or none in which the caller has a role.
    #[error("there is no project of this id that you may see; GET /v1/projects lists them")]
    Unknown,
    /// The organisation has no such member.
    #[error("your organization has no such member; GET /v1/organization/members lists them")]
    UnknownMember,
    /// The organisation has no such team.
    #[error("your organization has no team of this id; GET /v1/teams lists them")]
    UnknownTeam,
    /// Another project has the slug.
    #[error("another project of your organization has this slug; choose another one")]
    SlugTaken,
    /// The caller has another role in the project.
    #[error("this takes the role {} in the project; ask a maintainer of it", .0.as_str())]
    Role(ProjectRole),
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the project can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A project as the audit trail names it.
fn target(id: ProjectId) -> Target {
    Target::new("project", id)
}

/// The project, if the caller may do this with it; to whoever has no role in it, it does not exist.
async fn reach(
    ports: &Ports,
    caller: &Caller,
    act: &Act<'_>,
    id: ProjectId,
    permission: ProjectPermission,
) -> Result<Project, ProjectError> {
    act.admit(Permission::ReadOrganization).await?;
    let project = store::find(ports.sql.as_ref(), caller, id).await?.ok_or(ProjectError::Unknown)?;
    if project.role < permission.least_role() {
        let refused = ProjectError::Role(permission.least_role());
        act.refuse(&refused).await?;
        return Err(refused);
    }
    Ok(project)
}
