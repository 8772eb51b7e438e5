//! What a project is called.

use bulkhead_audit::Act;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Ports};

use super::access::ProjectPermission;
use super::model::Project;
use super::{ProjectError, reach, store, target};
use crate::teams::NamedChange;
use crate::text;

/// What to change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct ProjectChange {
    /// The name in addresses.
    pub slug: Option<String>,
    /// The name for people.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<String>,
}

/// Changes what a project is called.
///
/// # Errors
/// [`ProjectError`].
pub async fn change_project(
    ports: &Ports,
    caller: &Caller,
    id: ProjectId,
    change: ProjectChange,
    correlation: &CorrelationId,
) -> Result<Project, ProjectError> {
    let act = Act::new(ports, caller, "project.change", target(id), correlation);
    reach(ports, caller, &act, id, ProjectPermission::ChangeProject).await?;
    let mut faults = NamedChange { slug: change.slug.clone(), name: change.name.clone() }.faults();
    if let Some(description) = &change.description {
        text::check_description("/description", description, &mut faults);
    }
    if !faults.is_empty() {
        return Err(ProjectError::Invalid(faults));
    }
    let steps = vec![store::change(caller.organization, id, &change).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Ok(_) => store::find(ports.sql.as_ref(), caller, id).await?.ok_or(ProjectError::Unknown),
        Err(error) if error.is_unexpected_rows_at(0) => Err(ProjectError::Unknown),
        Err(SqlError::UniqueViolation(_)) => Err(ProjectError::SlugTaken),
        Err(error) => Err(error.into()),
    }
}
