//! `/v1/teams` and `/v1/projects`

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Operation, page_of};
use serde_json::{Map, Value, json};

use super::words::{DENIED, LINK, Part, body, id, object, schemas, text, time, uuid};

pub(super) fn part() -> Part {
    let mut operations = teams();
    operations.extend(projects());
    operations.extend(roles());
    (operations, described())
}

fn teams() -> Vec<Operation> {
    let team = |operation: Operation| {
        operation.path("id", uuid(), "The team's id.").refuses(&DENIED).refuses(&[Kind::UnknownTeam])
    };
    let member = |operation| team(operation).path("user", uuid(), "The user's id.");
    vec![
        Operation::new("get", "/v1/teams", "listTeams", "Your organization's teams, newest first")
            .paged()
            .refuses(&DENIED)
            .answers(200, "TeamPage", &LINK, "A page of teams."),
        Operation::new("post", "/v1/teams", "createTeam", "Make a team")
            .body("NewTeam")
            .refuses(&DENIED)
            .refuses(&[Kind::SlugTaken])
            .answers(201, "Team", &[], "The team, which has nobody yet."),
        team(Operation::new("get", "/v1/teams/{id}", "getTeam", "One team")).answers(200, "Team", &[], "The team."),
        team(Operation::new("patch", "/v1/teams/{id}", "changeTeam", "Rename a team"))
            .body("TeamChange")
            .refuses(&[Kind::SlugTaken])
            .answers(200, "Team", &[], "The team as it is now."),
        team(Operation::new("delete", "/v1/teams/{id}", "deleteTeam", "Delete a team"))
            .description("With the roles in projects that its members have because of it.")
            .answers_nothing(204, "It is gone."),
        team(Operation::new("get", "/v1/teams/{id}/members", "listTeamMembers", "A team's members")).paged().answers(
            200,
            "TeamMemberPage",
            &LINK,
            "A page of members, the newest users first.",
        ),
        member(Operation::new("put", "/v1/teams/{id}/members/{user}", "addTeamMember", "Let a member into a team"))
            .refuses(&[Kind::UnknownMember])
            .answers_nothing(204, "They belong to it, now or before."),
        member(Operation::new("delete", "/v1/teams/{id}/members/{user}", "removeTeamMember", "Take a member out"))
            .answers_nothing(204, "They do not belong to it, now or before."),
    ]
}

fn project(operation: Operation) -> Operation {
    operation.path("id", uuid(), "The project's id.").refuses(&DENIED).refuses(&[Kind::UnknownProject])
}

fn projects() -> Vec<Operation> {
    vec![
        Operation::new("get", "/v1/projects", "listProjects", "The projects in which you have a role, newest first")
            .paged()
            .refuses(&DENIED)
            .answers(200, "ProjectPage", &LINK, "A page of projects."),
        Operation::new("post", "/v1/projects", "createProject", "Make a project")
            .body("NewProject")
            .refuses(&DENIED)
            .refuses(&[Kind::SlugTaken])
            .answers(201, "Project", &[], "The project, with you as its maintainer."),
        project(Operation::new("get", "/v1/projects/{id}", "getProject", "One project")).answers(
            200,
            "Project",
            &[],
            "The project.",
        ),
        project(Operation::new("patch", "/v1/projects/{id}", "changeProject", "Change what a project is called"))
            .body("ProjectChange")
            .refuses(&[Kind::SlugTaken])
            .answers(200, "Project", &[], "The project as it is now."),
        project(Operation::new("delete", "/v1/projects/{id}", "deleteProject", "Delete a project"))
            .description("Admins can have it back for 30 days.")
            .answers_nothing(204, "It is gone."),
        project(Operation::new("post", "/v1/projects/{id}/restore", "restoreProject", "Have a deleted project back"))
            .refuses(&[Kind::SlugTaken])
            .answers(200, "Project", &[], "The project, with the roles that there were."),
    ]
}

fn roles() -> Vec<Operation> {
    let users = "/v1/projects/{id}/roles/users/{user}";
    let teams = "/v1/projects/{id}/roles/teams/{team}";
    let user = |operation| project(operation).path("user", uuid(), "The user's id.");
    let team = |operation| project(operation).path("team", uuid(), "The team's id.");
    let (set, cleared) = ("They have the role.", "They have no role by this, now or before.");
    vec![
        project(Operation::new(
            "get",
            "/v1/projects/{id}/roles",
            "listProjectRoles",
            "Who has which role in a project",
        ))
        .paged()
        .answers(200, "ProjectGrantPage", &LINK, "A page of roles, of members and of teams."),
        user(Operation::new("put", users, "setProjectUserRole", "Give a member a role in a project"))
            .body("ProjectRoleBody")
            .refuses(&[Kind::UnknownMember])
            .answers_nothing(204, set),
        user(Operation::new("delete", users, "clearProjectUserRole", "Take a member's role in a project"))
            .answers_nothing(204, cleared),
        team(Operation::new("put", teams, "setProjectTeamRole", "Give a team a role in a project"))
            .body("ProjectRoleBody")
            .refuses(&[Kind::UnknownTeam])
            .answers_nothing(204, set),
        team(Operation::new("delete", teams, "clearProjectTeamRole", "Take a team's role in a project"))
            .answers_nothing(204, cleared),
    ]
}

fn described() -> Map<String, Value> {
    let role = |description: &str| json!({"enum": ["maintainer", "developer", "viewer"], "description": description});
    let slug = text("The name in addresses: lower-case letters, digits and single hyphens between them, at most 63.");
    let name = text("The name: 1 to 100 characters.");
    let description = text("What it is: at most 1000 characters.");
    let kind = json!({"enum": ["person", "service"], "description": "A person or a service account."});
    schemas([
        ("TeamPage", page_of("Team")),
        (
            "Team",
            object(
                "A team.",
                json!({"id": id("Its id."), "slug": slug, "name": name, "created_at": time("When it was made.")}),
            ),
        ),
        ("NewTeam", body("What it is called.", &["slug", "name"], json!({"slug": slug, "name": name}))),
        ("TeamChange", body("What to change; what is absent stays.", &[], json!({"slug": slug, "name": name}))),
        ("TeamMemberPage", page_of("TeamMember")),
        (
            "TeamMember",
            object(
                "Who belongs to a team.",
                json!({"user": id("The user's id."), "kind": kind, "name": text("Their name."), "created_at": time("Since when.")}),
            ),
        ),
        ("ProjectPage", page_of("Project")),
        (
            "Project",
            object(
                "A project.",
                json!({
                    "id": id("Its id."), "slug": slug, "name": name, "description": description,
                    "role": role("Your role: the highest that you have, by yourself, by a team or as an admin."),
                    "created_at": time("When it was made."),
                }),
            ),
        ),
        (
            "NewProject",
            body("A project.", &["slug", "name"], json!({"slug": slug, "name": name, "description": description})),
        ),
        (
            "ProjectChange",
            body(
                "What to change; what is absent stays.",
                &[],
                json!({"slug": slug, "name": name, "description": description}),
            ),
        ),
        ("ProjectRoleBody", body("A role.", &["role"], json!({"role": role("The role.")}))),
        ("ProjectGrantPage", page_of("ProjectGrant")),
        (
            "ProjectGrant",
            object(
                "A role in a project that somebody has.",
                json!({
                    "holder": object(
                        "Who.",
                        json!({"type": {"enum": ["user", "team"], "description": "A member or a team."}, "id": id("Its id.")}),
                    ),
                    "name": text("Their name."),
                    "role": role("The role."),
                    "created_at": time("Since when."),
                }),
            ),
        ),
    ])
}
