//! The crate identity: teams and projects.

use bulkhead_identity::{
    Holder, Named, NamedChange, NewProject, ProjectChange, ProjectRole, add_team_member, change_project, change_team,
    clear_project_role, create_project, create_team, delete_project, delete_team, list_project_roles, list_projects,
    list_team_members, list_teams, project_role, read_project, read_team, remove_team_member, restore_project,
    set_project_role,
};
use bulkhead_kernel::PageRequest;
use bulkhead_kernel::id::{TeamId, UserId};

use super::{Scene, correlation};

/// With one of each in which the member stays.
pub(super) async fn run(scene: &Scene, member: UserId) {
    let lasting = teams(scene, member).await;
    projects(scene, member, lasting).await;
}

fn named(slug: &str) -> Named {
    Named { slug: slug.to_owned(), name: slug.to_owned() }
}

async fn teams(scene: &Scene, member: UserId) -> TeamId {
    let Scene { ports, owner, .. } = scene;
    let page = PageRequest::default();
    let made = async |slug| {
        let team = create_team(ports, owner, named(slug), &correlation()).await.expect("is made").id;
        add_team_member(ports, owner, team, member, &correlation()).await.expect("comes in");
        team
    };
    let (lasting, brief) = (made("lasting").await, made("brief").await);
    let change = NamedChange { name: Some("Lasting".to_owned()), ..NamedChange::default() };
    change_team(ports, owner, lasting, change, &correlation()).await.expect("changes");
    assert_eq!(read_team(ports, owner, lasting, &correlation()).await.expect("reads").name, "Lasting");
    assert_eq!(list_teams(ports, owner, &page, &correlation()).await.expect("reads").items.len(), 2);
    let members = list_team_members(ports, owner, lasting, &page, &correlation()).await.expect("reads");
    assert_eq!(members.items.len(), 1);
    delete_team(ports, owner, brief, &correlation()).await.expect("is gone");
    remove_team_member(ports, owner, lasting, member, &correlation()).await.expect("goes");
    add_team_member(ports, owner, lasting, member, &correlation()).await.expect("comes back");
    lasting
}

async fn projects(scene: &Scene, member: UserId, team: TeamId) {
    let Scene { ports, owner, .. } = scene;
    let page = PageRequest::default();
    let new = NewProject { named: named("project"), description: String::new() };
    let id = create_project(ports, owner, new, &correlation()).await.expect("is made").id;
    let change = ProjectChange { name: Some("Project".to_owned()), ..ProjectChange::default() };
    change_project(ports, owner, id, change, &correlation()).await.expect("changes");
    for holder in [Holder::User(member), Holder::Team(team)] {
        let role = ProjectRole::Developer;
        set_project_role(ports, owner, id, holder, role, &correlation()).await.expect("has a role");
        clear_project_role(ports, owner, id, holder, &correlation()).await.expect("has none");
        set_project_role(ports, owner, id, holder, role, &correlation()).await.expect("has it again");
    }
    let roles = list_project_roles(ports, owner, id, &page, &correlation()).await.expect("reads");
    assert_eq!(roles.items.len(), 3);
    assert_eq!(project_role(ports, owner, id).await, Ok(Some(ProjectRole::Maintainer)));
    assert_eq!(list_projects(ports, owner, &page, &correlation()).await.expect("reads").items.len(), 1);
    delete_project(ports, owner, id, &correlation()).await.expect("is gone");
    restore_project(ports, owner, id, &correlation()).await.expect("comes back");
    assert_eq!(read_project(ports, owner, id, &correlation()).await.expect("reads").name, "Project");
}
