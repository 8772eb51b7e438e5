//! `/v1/connections`

use std::collections::BTreeMap;
use std::sync::Arc;

use bulkhead_connectors::oauth::{OauthEntry, SettingValues};
use bulkhead_connectors::{NewConnector, register};
use bulkhead_function_connections::{describe, router, routes};
use bulkhead_identity::ApiKeyToken;
use bulkhead_kernel::Secret;
use bulkhead_kernel::id::ApiKeyId;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::SeededEntropy;
use bulkhead_testkit::functions::{Answer, Harness, connector, project, set_project_role};
use bulkhead_vault::KeyEncryptionKey;
use http::Method;
use serde_json::{Value, json};

const PATHS: [(Method, &str); 5] = [
    (Method::GET, "/v1/connections"),
    (Method::POST, "/v1/connections"),
    (Method::GET, "/v1/connections/0192d3a4-7b1c-7f00-8000-000000000000"),
    (Method::DELETE, "/v1/connections/0192d3a4-7b1c-7f00-8000-000000000000"),
    (Method::POST, "/v1/connections/0192d3a4-7b1c-7f00-8000-000000000000/reconnect"),
];

async fn harness() -> Harness {
    limited("").await
}

async fn limited(limits: &str) -> Harness {
    let mut harness = Harness::start(router, describe()).await;
    let key = KeyEncryptionKey::generate(&SeededEntropy::new(1));
    harness.api.variables = Arc::new(BTreeMap::from([
        ("public_url".to_owned(), Secret::new("https://bulkhead.example.com/".to_owned())),
        ("vault_sealing_key".to_owned(), key.sealing_key().expose()),
        ("credential_limits".to_owned(), Secret::new(limits.to_owned())),
    ]));
    let none = BTreeMap::new();
    let github = OauthEntry { provider: Some("github".to_owned()), ..OauthEntry::default() };
    let github = github.resolve(&"by-oauth".parse().expect("a slug"), SettingValues { values: &none, given: &none });
    for (slug, auth_types, oauth) in [
        ("by-oauth", "oauth2", github.clone().ok()),
        ("by-either", "oauth2 api_key", github.ok()),
        ("by-key", "api_key", None),
        ("by-nothing", "none", None),
    ] {
        let connector = NewConnector {
            name: format!("The {slug}"),
            auth_types: auth_types.parse().expect("types"),
            oauth,
            ..connector(slug, Vec::new())
        };
        register(&harness.api.ports, &connector).await.expect("registers");
    }
    harness
}

async fn post(harness: &Harness, body: &Value) -> Answer {
    harness.request(Method::POST, "/v1/connections").json(body).send().await
}

fn id(answer: &Answer) -> String {
    answer.json["connection"]["id"].as_str().expect("an id").to_owned()
}

async fn become_admin(harness: &Harness) {
    let admin = sql("UPDATE memberships SET role = 'admin' WHERE user_id = $1").bind(harness.ours.caller.user);
    let admin = admin.of(harness.ours.caller.organization);
    harness.api.ports.sql.execute(admin).await.expect("an admin");
}

#[tokio::test]
async fn each_connector_is_connected_in_its_own_way() {
    let harness = harness().await;
    let begun = post(&harness, &json!({ "connector": "by-oauth", "label": "work" })).await.with_status(201);
    assert_eq!(begun.header("location"), format!("/v1/connections/{}", id(&begun)));
    assert_eq!(
        (&begun.json["connection"]["status"], &begun.json["connection"]["label"]),
        (&json!("pending"), &json!("work"))
    );
    let url = begun.json["authorize"]["url"].as_str().expect("a link");
    let token = url.strip_prefix("https://bulkhead.example.com/oauth/start?token=").expect("its address");
    assert_eq!(token.len(), 43);
    let stored = sql("SELECT link_hash FROM oauth_transactions").across_tenants("a test");
    let stored: String = harness.api.ports.sql.query(stored).await.expect("reads")[0].get("link_hash").expect("a hash");
    assert!(!stored.contains(token));

    let key = post(&harness, &json!({ "connector": "by-key", "api_key": "hunter2hunter2" })).await.with_status(201);
    assert_eq!((&key.json["connection"]["status"], &key.json["authorize"]), (&json!("active"), &Value::Null));
    assert_eq!(key.json["connection"]["label"], "The by-key");
    let none = post(&harness, &json!({ "connector": "by-nothing" })).await.with_status(201);
    assert_eq!(none.json["connection"]["status"], "active");

    let listed = harness.get("/v1/connections").await.with_status(200);
    assert!(!listed.json.to_string().contains("hunter2"));
    assert_eq!(listed.json["items"].as_array().map(Vec::len), Some(3));
    for (query, count) in [("connector=by-key", 1), ("status=pending", 1), ("status=active", 2), ("connector=x", 0)] {
        let listed = harness.get(&format!("/v1/connections?{query}")).await.with_status(200);
        assert_eq!(listed.json["items"].as_array().map(Vec::len), Some(count), "{query}");
    }
}

#[tokio::test]
async fn what_can_not_be_connected_is_refused_at_its_place() {
    let harness = harness().await;
    for (body, fault) in [
        (json!({ "connector": "by-key" }), "/api_key"),
        (json!({ "connector": "by-key", "api_key": "" }), "/api_key"),
        (json!({ "connector": "by-key", "api_key": "x".repeat(70_000) }), "/api_key"),
        (json!({ "connector": "by-oauth", "api_key": "hunter2hunter2" }), "/api_key"),
        (json!({ "connector": "by-nothing", "api_key": "hunter2hunter2" }), "/api_key"),
        (json!({ "connector": "by-nothing", "label": "" }), "/label"),
        (json!({ "connector": "by-nothing", "label": "x".repeat(101) }), "/label"),
        (json!({ "connector": "by-nothing", "label": "a\nb" }), "/label"),
        (json!({ "connector": "by-nothing", "project": "x" }), "/project"),
        (json!({ "label": "x" }), "/connector"),
        (json!({ "connector": "by-nothing", "owner": "x" }), "/owner"),
    ] {
        let refused = post(&harness, &body).await.refused(422, "invalid-body");
        assert_eq!(refused.faults(), [fault], "{body:.80}");
        assert!(!refused.json.to_string().contains("hunter2"));
    }
    post(&harness, &json!({ "connector": "by-nothing", "label": "x".repeat(100) })).await.with_status(201);
    for slug in ["nothing", "Not a slug"] {
        post(&harness, &json!({ "connector": slug })).await.refused(404, "unknown-connector");
    }
}

#[tokio::test]
async fn another_tenants_connection_is_nobodys() {
    let harness = harness().await;
    let begun = id(&post(&harness, &json!({ "connector": "by-oauth" })).await.with_status(201));
    let path = format!("/v1/connections/{begun}");
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/reconnect")),
        (Method::GET, "/v1/connections/nonsense".to_owned()),
    ] {
        harness.call(method, &path).key(&harness.theirs.key).send().await.refused(404, "unknown-connection");
    }
    let listed = harness.call(Method::GET, "/v1/connections").key(&harness.theirs.key).send().await;
    assert_eq!(listed.with_status(200).json["items"], json!([]));
    harness.get(&path).await.with_status(200);
}

#[tokio::test]
async fn an_admin_shares_with_a_project_and_ends_what_is_anothers_but_connects_it_never() {
    let harness = harness().await;
    let ours = project(&harness.api.ports, harness.ours.caller.organization).await;
    let theirs = project(&harness.api.ports, harness.theirs.caller.organization).await;
    let shared = json!({ "connector": "by-oauth", "project": ours });
    post(&harness, &shared).await.refused(403, "insufficient-role");
    // Nor does a maintainer of the project.
    set_project_role(&harness.api.ports, &harness.ours.caller, ours, Some("maintainer")).await;
    post(&harness, &shared).await.refused(403, "insufficient-role");
    become_admin(&harness).await;
    for nowhere in [theirs.to_string(), "0192d3a4-7b1c-7f00-8000-000000000000".to_owned()] {
        let body = json!({ "connector": "by-oauth", "project": nowhere });
        post(&harness, &body).await.refused(404, "unknown-project");
    }
    let made = post(&harness, &shared).await.with_status(201);
    assert_eq!(made.json["connection"]["owner"], json!({ "type": "project", "id": ours }));

    // The other tenant's user moves into our organisation, with a connection of their own.
    let ports = &harness.api.ports;
    let foreign = post(&harness, &json!({ "connector": "by-oauth" })).await.with_status(201);
    let moved = sql("UPDATE connections SET user_id = $1 WHERE id = $2")
        .bind(harness.theirs.caller.user)
        .bind(id(&foreign))
        .across_tenants("a test");
    ports.sql.execute(moved).await.expect("moves");
    let path = format!("/v1/connections/{}", id(&foreign));
    harness.get(&path).await.with_status(200);
    harness.post(&format!("{path}/reconnect")).await.refused(403, "insufficient-role");
    harness.request(Method::DELETE, &path).send().await.with_status(204);
}

#[tokio::test]
async fn what_is_disconnected_stays_so() {
    let harness = harness().await;
    let begun = id(&post(&harness, &json!({ "connector": "by-oauth" })).await.with_status(201));
    let path = format!("/v1/connections/{begun}");
    let again = harness.post(&format!("{path}/reconnect")).await.with_status(200);
    assert!(again.json["authorize"]["url"].is_string());
    for _ in 0..2 {
        harness.request(Method::DELETE, &path).send().await.with_status(204);
        assert_eq!(harness.get(&path).await.with_status(200).json["status"], "revoked");
    }
    harness.post(&format!("{path}/reconnect")).await.refused(409, "not-reconnectable");
    let key = post(&harness, &json!({ "connector": "by-key", "api_key": "hunter2hunter2" })).await.with_status(201);
    harness.post(&format!("/v1/connections/{}/reconnect", id(&key))).await.refused(409, "not-reconnectable");
}

#[tokio::test]
async fn every_route_wants_a_key_and_no_parameter_that_it_does_not_know() {
    let harness = harness().await;
    for (method, path) in PATHS {
        harness.call(method.clone(), path).send().await.refused(401, "unauthenticated");
        let answer = harness.request(method, &format!("{path}?nonsense=1")).send().await;
        assert_eq!(answer.refused(400, "invalid-parameters").faults(), ["nonsense"], "{path}");
    }
    assert_eq!(routes().list().len(), PATHS.len(), "a route is not in the list above");
}

#[tokio::test]
async fn a_projects_connection_is_known_to_whoever_has_a_role_in_it() {
    let harness = harness().await;
    let (ports, caller) = (&harness.api.ports, &harness.ours.caller);
    let project = project(ports, caller.organization).await;
    become_admin(&harness).await;
    let shared = json!({ "connector": "by-nothing", "project": project });
    let path = format!("/v1/connections/{}", id(&post(&harness, &shared).await.with_status(201)));
    let member = sql("UPDATE memberships SET role = 'member' WHERE user_id = $1").bind(caller.user);
    ports.sql.execute(member.of(caller.organization)).await.expect("a member");
    let listed = async || {
        let listed = harness.get("/v1/connections").await.with_status(200);
        listed.json["items"].as_array().map(Vec::len)
    };
    assert_eq!(listed().await, Some(0));
    harness.get(&path).await.refused(404, "unknown-connection");
    for role in ["viewer", "developer", "maintainer"] {
        set_project_role(ports, caller, project, Some(role)).await;
        assert_eq!(listed().await, Some(1), "{role}");
        harness.get(&path).await.with_status(200);
        harness.request(Method::DELETE, &path).send().await.refused(403, "insufficient-role");
    }
    let gone = sql("UPDATE projects SET deleted_at = 1 WHERE organization_id = $1 AND id = $2");
    ports.sql.execute(gone.bind(caller.organization).bind(project).of(caller.organization)).await.expect("goes");
    assert_eq!(listed().await, Some(0));
    harness.get(&path).await.refused(404, "unknown-connection");
}

#[tokio::test]
async fn a_connector_that_offers_both_is_connected_as_its_user_likes() {
    let harness = harness().await;
    let begin = async |further: Value| {
        let mut body = json!({ "connector": "by-either" });
        body.as_object_mut().expect("an object").extend(further.as_object().cloned().expect("an object"));
        post(&harness, &body).await
    };
    let oauth = begin(json!({})).await.with_status(201);
    assert_eq!(
        (&oauth.json["connection"]["auth_type"], &oauth.json["connection"]["status"]),
        (&json!("oauth2"), &json!("pending"))
    );
    assert!(oauth.json["authorize"]["url"].is_string());
    for further in
        [json!({ "api_key": "hunter2hunter2" }), json!({ "api_key": "hunter2hunter2", "auth_type": "api_key" })]
    {
        let key = begin(further).await.with_status(201);
        let connection = &key.json["connection"];
        assert_eq!((&connection["auth_type"], &connection["status"]), (&json!("api_key"), &json!("active")));
        assert_eq!((&connection["scopes"], &key.json["authorize"]), (&json!([]), &Value::Null));
        // There is nobody to ask for another key.
        harness.post(&format!("/v1/connections/{}/reconnect", id(&key))).await.refused(409, "not-reconnectable");
    }
    for (further, fault) in [
        (json!({ "auth_type": "none" }), "/auth_type"),
        (json!({ "auth_type": "api_key" }), "/api_key"),
        (json!({ "auth_type": "oauth2", "api_key": "hunter2hunter2" }), "/api_key"),
        (json!({ "auth_type": "x" }), "/auth_type"),
    ] {
        let refused = begin(further).await.refused(422, "invalid-body");
        assert_eq!(refused.faults(), [fault]);
    }
    let refused = post(&harness, &json!({ "connector": "by-oauth", "auth_type": "api_key", "api_key": "x" })).await;
    assert_eq!(refused.refused(422, "invalid-body").faults(), ["/auth_type"]);
}

#[tokio::test]
async fn a_user_connects_so_many_accounts_and_then_waits() {
    let harness = limited("connection-user=2/60").await;
    let made = post(&harness, &json!({ "connector": "by-nothing" })).await.with_status(201);
    assert_eq!(made.header("ratelimit-policy"), "\"connection-user\";q=2;w=60");
    assert_eq!(made.header("ratelimit"), "\"connection-user\";r=1;t=30");
    let reconnect = async || {
        let path = format!("/v1/connections/{}/reconnect", id(&made));
        harness.request(Method::POST, &path).send().await
    };
    assert!(reconnect().await.header("ratelimit").starts_with("\"connection-user\";r=0;"));
    assert!(!reconnect().await.refused(429, "too-many-requests").header("retry-after").is_empty());
    post(&harness, &json!({ "connector": "by-nothing" })).await.refused(429, "too-many-requests");
    // Nobody else waits.
    let theirs = harness.call(Method::POST, "/v1/connections").key(&harness.theirs.key);
    theirs.json(&json!({ "connector": "by-nothing" })).send().await.with_status(201);
}

#[tokio::test]
async fn whoever_has_to_leave_meanwhile_connects_nothing() {
    for body in [json!({ "connector": "by-key", "api_key": "hunter2hunter2" }), json!({ "connector": "by-oauth" })] {
        let mut harness = harness().await;
        let (inner, user) = (harness.api.ports.sql.clone(), &harness.ours.caller);
        let gone = sql("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2")
            .bind(user.organization)
            .bind(user.user)
            .of(user.organization);
        harness.overtake_by(&["INSERT INTO connections"], gone, u32::MAX);
        let refused = post(&harness, &body).await.refused(403, "insufficient-role");
        assert!(!refused.json.to_string().contains("hunter2"));
        for table in ["connections", "vault_secrets", "oauth_transactions"] {
            let left = sql(format!("SELECT COUNT(*) AS n FROM {table}")).across_tenants("a test");
            assert_eq!(inner.query(left).await.expect("reads")[0].get::<i64>("n"), Ok(0), "{table}");
        }
        let refusals =
            sql("SELECT COUNT(*) AS n FROM action_logs WHERE action = 'connection.create' AND outcome = 'refused'")
                .across_tenants("a test");
        assert_eq!(inner.query(refusals).await.expect("reads")[0].get::<i64>("n"), Ok(1));
    }
}

#[tokio::test]
async fn a_credential_that_ends_meanwhile_connects_nothing() {
    let mut harness = harness().await;
    let made = post(&harness, &json!({ "connector": "by-oauth" })).await.with_status(201);
    harness.overtake(&["INTO connections", "INTO oauth_transactions"], "UPDATE api_keys SET revoked_at = 1");
    let reconnect = format!("/v1/connections/{}/reconnect", id(&made));
    for (path, body) in [
        ("/v1/connections", json!({ "connector": "by-key", "api_key": "hunter2hunter2" })),
        ("/v1/connections", json!({ "connector": "by-oauth" })),
        (&reconnect, json!({})),
    ] {
        harness.request(Method::POST, path).json(&body).send().await.refused(401, "unauthenticated");
        let going_on = sql("UPDATE api_keys SET revoked_at = NULL").across_tenants("a test");
        harness.api.ports.sql.execute(going_on).await.expect("updates");
    }
    for (table, left) in [("connections", 1), ("vault_secrets", 0), ("oauth_transactions", 1)] {
        let rows = sql(format!("SELECT COUNT(*) AS n FROM {table}")).across_tenants("a test");
        assert_eq!(harness.api.ports.sql.query(rows).await.expect("reads")[0].get("n"), Ok(left), "{table}");
    }
}

/// A key of our user that was granted these scopes.
async fn key(harness: &Harness, scopes: &str) -> String {
    let (ports, caller) = (&harness.api.ports, &harness.ours.caller);
    let token = ApiKeyToken::generate(ports.entropy.as_ref());
    let id: ApiKeyId = ports.new_id();
    let insert = sql("INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, scopes, created_at) \
                      VALUES ($1, $2, $3, 'narrow', $4, $5, $6, $7)")
    .bind(id)
    .bind(caller.organization)
    .bind(caller.user)
    .bind(token.prefix())
    .bind(token.hash())
    .bind(scopes)
    .bind(ports.now())
    .of(caller.organization);
    ports.sql.execute(insert).await.expect("inserts");
    token.expose().to_owned()
}

#[tokio::test]
async fn what_is_a_projects_or_anothers_takes_the_scope_of_the_organization_besides() {
    let harness = harness().await;
    let (ports, caller) = (&harness.api.ports, &harness.ours.caller);
    become_admin(&harness).await;
    let project = project(ports, caller.organization).await;
    let (other, own) = (json!({ "connector": "by-oauth" }), json!({ "connector": "by-nothing" }));
    let others = id(&post(&harness, &other).await.with_status(201));
    let moved = sql("UPDATE connections SET user_id = $1 WHERE id = $2").bind(harness.theirs.caller.user);
    ports.sql.execute(moved.bind(others.as_str()).across_tenants("a test")).await.expect("moves");
    let shared = json!({ "connector": "by-oauth", "project": project });
    let projects = id(&post(&harness, &shared).await.with_status(201));
    let mine = id(&post(&harness, &own).await.with_status(201));
    let send = async |scopes: &str, method: Method, path: &str| {
        harness.call(method, path).key(&key(&harness, scopes).await).send().await
    };
    let listed = async |scopes: &str| {
        let answer = send(scopes, Method::GET, "/v1/connections").await.with_status(200);
        let items = answer.json["items"].as_array().expect("items").iter();
        items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    // A maintainer of every project sees the projects' with the scope for using them.
    assert_eq!(listed("tools").await, [mine.clone(), projects.clone()]);
    assert_eq!(listed("tools organization").await, [mine.clone(), projects.clone(), others.clone()]);
    let lacks = |answer: Answer, scope: &str| {
        let answer = answer.refused(403, "insufficient-scope");
        assert_eq!(answer.json["scope"], scope);
        assert!(answer.header("www-authenticate").contains(&format!("scope=\"{scope}\"")));
    };
    for id in [&mine, &projects] {
        send("tools", Method::GET, &format!("/v1/connections/{id}")).await.with_status(200);
    }
    let path = format!("/v1/connections/{others}");
    lacks(send("tools", Method::GET, &path).await, "organization");
    lacks(send("organization", Method::GET, &path).await, "tools");
    send("tools organization", Method::GET, &path).await.with_status(200);

    let create = async |scopes: &str, body: &Value| {
        harness.call(Method::POST, "/v1/connections").key(&key(&harness, scopes).await).json(body).send().await
    };
    lacks(create("tools organization", &own).await, "profile");
    lacks(create("profile", &shared).await, "organization");
    create("profile", &own).await.with_status(201);
    create("profile organization", &shared).await.with_status(201);
    let again = format!("/v1/connections/{projects}/reconnect");
    lacks(send("profile", Method::POST, &again).await, "organization");
    lacks(send("tools organization", Method::POST, &again).await, "profile");
    send("profile organization", Method::POST, &again).await.with_status(200);
    for theirs in [&others, &projects] {
        let path = format!("/v1/connections/{theirs}");
        lacks(send("profile tools", Method::DELETE, &path).await, "organization");
        lacks(send("organization tools", Method::DELETE, &path).await, "profile");
        assert_eq!(harness.get(&path).await.json["status"], "pending");
        send("profile organization", Method::DELETE, &path).await.with_status(204);
    }
    send("profile", Method::DELETE, &format!("/v1/connections/{mine}")).await.with_status(204);
}
