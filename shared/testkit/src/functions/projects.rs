//! People of an organisation, and projects that they have roles in.

use bulkhead_kernel::id::{OrganizationId, ProjectId, UserId};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, Ports};

/// Another member of the caller's organisation, as the use cases know them.
pub async fn colleague(ports: &Ports, of: &Caller) -> Caller {
    let user: UserId = ports.new_id();
    let steps = vec![
        sql("INSERT INTO users (id, kind, email, name, created_at, updated_at) VALUES ($1, 'person', $2, $2, $3, $3)")
            .bind(user)
            .bind(format!("{user}@example.com"))
            .bind(ports.now())
            .into(),
        sql("INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ($1, $2, 'member', $3)")
            .bind(of.organization)
            .bind(user)
            .bind(ports.now())
            .of(of.organization)
            .into(),
    ];
    ports.sql.batch(steps).await.expect("a colleague");
    Caller { user, ..of.clone() }
}

/// A project of the organisation in which nobody has a role.
pub async fn project(ports: &Ports, organization: OrganizationId) -> ProjectId {
    let id: ProjectId = ports.new_id();
    let insert = sql("INSERT INTO projects (id, organization_id, slug, name, description, created_at) \
                      VALUES ($1, $2, $3, 'Project', '', $4)")
    .bind(id)
    .bind(organization)
    .bind(format!("p-{id}"))
    .bind(ports.now())
    .of(organization);
    ports.sql.execute(insert).await.expect("a project");
    id
}

/// Gives somebody a role in it, in the place of another one; none when there is no role.
pub async fn set_project_role(ports: &Ports, caller: &Caller, project: ProjectId, role: Option<&str>) {
    let clear = sql("DELETE FROM project_members WHERE organization_id = $1 AND project_id = $2 AND user_id = $3")
        .bind(caller.organization)
        .bind(project)
        .bind(caller.user)
        .of(caller.organization);
    let mut steps = vec![clear.into()];
    if let Some(role) = role {
        let give = sql("INSERT INTO project_members (organization_id, project_id, user_id, role, created_at) \
                        VALUES ($1, $2, $3, $4, $5)")
        .bind(caller.organization)
        .bind(project)
        .bind(caller.user)
        .bind(role)
        .bind(ports.now())
        .of(caller.organization);
        steps.push(give.into());
    }
    ports.sql.batch(steps).await.expect("a role");
}

/// Gives somebody another role in their organisation; none when there is no role.
pub async fn set_role(ports: &Ports, caller: &Caller, role: Option<&str>) {
    let change = match role {
        Some(_) => sql("UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2"),
        None => sql("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2"),
    };
    let change = change.bind(caller.organization).bind(caller.user);
    let change = match role {
        Some(role) => change.bind(role),
        None => change,
    };
    ports.sql.execute(change.of(caller.organization)).await.expect("another role");
}
