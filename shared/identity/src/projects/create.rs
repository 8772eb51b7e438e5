//! A new project.

use bulkhead_audit::Act;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::access::ProjectRole;
use super::model::{Holder, Project};
use super::{ProjectError, store, target};
use crate::teams::Named;
use crate::text;

/// A project to be made.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// What it is called.
    pub named: Named,
    /// What it is; may be empty.
    pub description: String,
}

/// Makes a project, with the caller as its maintainer.
///
/// # Errors
/// [`ProjectError`].
pub async fn create_project(
    ports: &Ports,
    caller: &Caller,
    new: NewProject,
    correlation: &CorrelationId,
) -> Result<Project, ProjectError> {
    let id = ports.new_id();
    let act = Act::new(ports, caller, "project.create", target(id), correlation);
    act.admit(Permission::ManageProjects).await?;
    let NewProject { named, description } = new;
    let mut faults = named.faults();
    text::check_description("/description", &description, &mut faults);
    if !faults.is_empty() {
        return Err(ProjectError::Invalid(faults));
    }
    let now = ports.now();
    let (role, Named { slug, name }) = (ProjectRole::Maintainer, named);
    let project = Project { id, slug, name, description, role, created_at: now };
    let steps = vec![
        store::insert(caller.organization, &project).into(),
        store::set_role(caller.organization, id, Holder::User(caller.user), role, now).into(),
        act.done(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(project),
        Err(SqlError::UniqueViolation(_)) => Err(ProjectError::SlugTaken),
        Err(error) => Err(error.into()),
    }
}
