//! What an admin has connected for a project serves whoever has a role in it, where they say so.

use bulkhead_identity::ApiKeyToken;
use bulkhead_system_tests::{Database, Host};
use bulkhead_testkit::SeededEntropy;
use serde_json::{Value, json};

use super::{World, error, is_ada, world};

const MEMBER: &str = "00000000-0000-7000-8000-0000000be111";
const NOWHERE: &str = "00000000-0000-7000-8000-0000000be112";

/// A member of the owner's organisation, behind the host's back: their key.
async fn member(host: &Host) -> String {
    let token = ApiKeyToken::generate(&SeededEntropy::new(2000));
    let ours = "(SELECT id FROM organizations WHERE slug = 'default')";
    for statement in [
        format!(
            "INSERT INTO users (id, kind, email, name, created_at, updated_at) \
             VALUES ('{MEMBER}', 'person', 'member@example.com', 'Member', 0, 0)"
        ),
        format!(
            "INSERT INTO memberships (organization_id, user_id, role, created_at) VALUES ({ours}, '{MEMBER}', 'member', 0)"
        ),
        format!(
            "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at) \
             VALUES ('{MEMBER}', {ours}, '{MEMBER}', 'test', '{}', '{}', 0)",
            token.prefix(),
            token.hash()
        ),
    ] {
        host.execute(&statement).await;
    }
    token.expose().to_owned()
}

/// A project with a connected account, and a member's key.
struct Team {
    world: World,
    key: String,
    project: String,
    connection: String,
}

impl Team {
    async fn start() -> Self {
        let world = world(Database::of_this_run().await).await;
        let host = &world.host;
        let key = member(host).await;
        let body = json!({ "slug": "team", "name": "Team" });
        let made = host.request("POST", "/v1/projects").key(host.key()).json(&body).send().await.expect(201);
        let project = made["id"].as_str().expect("an id").to_owned();
        let body = json!({ "connector": "mine", "label": "the team's", "project": project });
        let begun = host.request("POST", "/v1/connections").key(host.key()).json(&body).send().await.expect(201);
        let connection = begun["connection"]["id"].as_str().expect("an id").to_owned();
        world.follow(begun["authorize"]["url"].as_str().expect("a link")).await;
        Self { world, key, project, connection }
    }

    async fn give(&self, role: &str) {
        let (host, path) = (&self.world.host, format!("/v1/projects/{}/roles/users/{MEMBER}", self.project));
        let given = host.request("PUT", &path).key(host.key()).json(&json!({ "role": role })).send().await;
        assert_eq!(given.status, 204, "{}", given.text());
    }

    /// What the member's call over MCP is answered, in this project.
    async fn call(&self, project: Option<&str>) -> Value {
        let url = format!("{}/me", self.world.provider.url());
        let parameters = json!({ "name": "mine_follow_redirect", "arguments": { "url": url } });
        let request = self.world.host.stateless_as(&self.key, "tools/call", parameters);
        let request = match project {
            Some(project) => request.query(&format!("project={project}")),
            None => request,
        };
        request.send().await.json()
    }

    /// The same over REST.
    async fn job(&self, project: &str) -> bulkhead_system_tests::Reply {
        let url = format!("{}/me", self.world.provider.url());
        let body = json!({ "arguments": { "url": url }, "project": project });
        let path = "/v1/connectors/mine/tools/follow_redirect/jobs";
        let request = self.world.host.request("POST", path).key(&self.key).header("prefer", "wait=30");
        request.json(&body).send().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_calls_with_the_projects_account_and_nobody_else_does() {
    let team = Team::start().await;
    let host = &team.world.host;
    // Without a role there is no such project, as if it were another tenant's or none at all.
    let refused = team.call(Some(&team.project)).await;
    assert_eq!(refused["error"]["data"]["type"], "unknown_project", "{refused:#}");
    assert_eq!(team.call(Some(NOWHERE)).await["error"]["message"], refused["error"]["message"]);
    assert_eq!(team.call(Some("nonsense")).await["error"]["data"]["type"], "unknown_project");
    let (there, nowhere) = (team.job(&team.project).await.problem(404), team.job(NOWHERE).await.problem(404));
    assert_eq!((&there["type"], &there["detail"]), (&nowhere["type"], &nowhere["detail"]));
    team.give("viewer").await;
    assert_eq!(team.call(Some(&team.project)).await["error"]["data"]["type"], "insufficient_role");
    assert_eq!(team.job(&team.project).await.status, 403);
    assert_eq!(host.audit("action=tool.call&outcome=refused").await.len(), 6);

    team.give("developer").await;
    let answer = team.call(Some(&team.project)).await;
    assert!(is_ada(&answer["result"]), "{answer:#}");
    let job = team.job(&team.project).await.expect(200);
    assert!(is_ada(&json!({ "structuredContent": job["result"]["structuredContent"] })), "{job:#}");
    assert_eq!(job["project"], team.project.as_str());
    let used = host.audit("action=connection.use").await;
    assert_eq!(used.len(), 2);
    for entry in &used {
        assert_eq!((&entry["target"]["id"], &entry["actor"]["id"]), (&json!(team.connection), &json!(MEMBER)));
    }

    // Not without saying so: the account is the project's, not the organisation's.
    assert_eq!(error(&team.call(None).await["result"])["type"], "credential_missing");
    // Nor does it serve the resources and prompts of whoever has lost the role.
    let path = format!("/v1/projects/{}/roles/users/{MEMBER}", team.project);
    assert_eq!(host.request("DELETE", &path).key(host.key()).send().await.status, 204);
    assert_eq!(team.call(Some(&team.project)).await["error"]["data"]["type"], "unknown_project");
    assert_eq!(team.job(&team.project).await.status, 404);
    assert_eq!(host.audit("action=connection.use").await.len(), 2);
}
