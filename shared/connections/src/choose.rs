//! Which connection a call uses.

use bulkhead_identity::{ProjectPermission, project_role_of};
use bulkhead_kernel::Ports;
use bulkhead_kernel::id::{OrganizationId, ProjectId, UserId};
use bulkhead_kernel::sql::SqlError;

use crate::model::Connection;
use crate::state::State;
use crate::store;

/// What a call uses.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// This connection, which was active when it was read.
    Connection(Box<Connection>),
    /// None: the user has one that has to be connected again first. Another one in its place would act as somebody else
    /// than the user expects.
    Expired(Box<Connection>),
    /// None: the user may not use the accounts of the project in which the call is made (any more). What the operator has
    /// set would act as somebody else than the project.
    NotInProject,
    /// None, so what the operator has set for the connector, if anything.
    Nothing,
}

/// The caller's own connection, else that of the project in which the call is made, if they may still use it. Never another
/// user's.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn choose(
    ports: &Ports,
    organization: OrganizationId,
    user: UserId,
    project: Option<ProjectId>,
    connector: &str,
) -> Result<Chosen, SqlError> {
    let database = ports.sql.as_ref();
    let mut found = store::own(database, organization, user, connector).await?;
    if let (None, Some(project)) = (&found, project) {
        let role = project_role_of(ports, organization, user, project).await?;
        if !role.is_some_and(|role| role.may(ProjectPermission::UseConnections)) {
            return Ok(Chosen::NotInProject);
        }
        found = store::shared(database, organization, project, connector).await?;
    }
    Ok(match found.map(Box::new) {
        None => Chosen::Nothing,
        Some(connection) if matches!(connection.state, State::Active { .. }) => Chosen::Connection(connection),
        Some(connection) => Chosen::Expired(connection),
    })
}
