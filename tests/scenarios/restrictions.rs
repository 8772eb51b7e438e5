//! What an organisation takes away from a connector, at both doors and in every process.

use bulkhead_system_tests::{Database, Host, Reply, Setup};
use serde_json::{Value, json};

const PATH: &str = "/v1/connectors/toolbox/restrictions";

/// The key of a member of another organisation.
const OTHERS: &str = "bhk_000000020000000000000000000000000000000000000000ea9813c1";

async fn add_another_organization(host: &Host) {
    let id = |last: u8| format!("0198a000-0000-7000-8000-00000000000{last}");
    let (organization, user, key) = (id(1), id(2), id(3));
    for sql in [
        format!("INSERT INTO organizations (id, slug, name, created_at) VALUES ('{organization}', 'acme', 'Acme', 0)"),
        format!(
            "INSERT INTO users (id, kind, email, name, created_at, updated_at) \
             VALUES ('{user}', 'person', 'b@example.com', 'B', 0, 0)"
        ),
        format!(
            "INSERT INTO memberships (organization_id, user_id, role, created_at) \
             VALUES ('{organization}', '{user}', 'member', 0)"
        ),
        format!(
            "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at) \
             VALUES ('{key}', '{organization}', '{user}', 'test', 'bhk_00000002', \
             'b6407fe911b650fec9a3898a42ed23d0cf369ac08ba4c5be1cee21d57dd0cc04', 0)"
        ),
    ] {
        host.execute(&sql).await;
    }
}

async fn put(host: &Host, body: &Value) -> Reply {
    host.request("PUT", PATH).key(host.key()).json(body).send().await
}

async fn lift(host: &Host) {
    assert_eq!(host.request("DELETE", PATH).key(host.key()).send().await.status, 204);
}

/// The toolbox's tools as each door lists them.
async fn listed(host: &Host, key: &str) -> [Vec<String>; 2] {
    let names = |items: &Value| -> Vec<String> {
        let names = items.as_array().expect("a list").iter().filter_map(|tool| tool["name"].as_str());
        let mut names: Vec<_> = names.filter_map(|name| name.strip_prefix("toolbox_").or(Some(name))).collect();
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect()
    };
    let rest = host.request("GET", "/v1/connectors/toolbox/tools").key(key).send().await.expect(200);
    let mcp = host.stateless_as(key, "tools/list", json!({})).send().await.expect(200);
    let mut of_toolbox = mcp["result"]["tools"].clone();
    let all = of_toolbox.as_array_mut().expect("a list");
    all.retain(|tool| tool["name"].as_str().is_some_and(|name| name.starts_with("toolbox_")));
    [names(&rest["items"]), names(&of_toolbox)]
}

/// Calls the tool `semver_compare` at each door: the problem's type or the job's state, and MCP's answer.
async fn called(host: &Host, key: &str) -> (Value, Value) {
    let arguments = json!({ "left": "1.0.0", "right": "2.0.0" });
    let path = "/v1/connectors/toolbox/tools/semver_compare/jobs";
    let request = host.request("POST", path).key(key).header("prefer", "wait=30");
    let rest = request.json(&json!({ "arguments": arguments })).send().await.json();
    let call = json!({ "name": "toolbox_semver_compare", "arguments": arguments });
    let mcp = host.stateless_as(key, "tools/call", call).send().await.json();
    (if rest["type"].is_string() { rest["type"].clone() } else { rest["status"].clone() }, mcp)
}

fn is_refused((rest, mcp): &(Value, Value)) -> bool {
    *rest == "urn:bulkhead:problem:tool-restricted" && mcp["error"]["data"]["type"] == "tool_restricted"
}

fn is_answered((rest, mcp): &(Value, Value)) -> bool {
    *rest == "succeeded" && mcp["result"]["isError"] == false
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_taken_away_and_given_back_at_both_doors_and_from_nobody_else() {
    let host = Setup::up().await.start().await;
    add_another_organization(&host).await;
    let all = listed(&host, host.key()).await;
    assert!(all[0].len() == 5 && all[0] == all[1], "{all:?}");
    assert!(is_answered(&called(&host, host.key()).await));

    assert_eq!(put(&host, &json!({ "tools": ["jq", "diff"] })).await.status, 200);
    let left = vec!["diff".to_owned(), "jq".to_owned()];
    assert_eq!(listed(&host, host.key()).await, [left.clone(), left]);
    let refused = called(&host, host.key()).await;
    assert!(is_refused(&refused), "{refused:?}");
    let allowed = host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    assert_eq!(allowed["isError"], false, "{allowed:#}");
    let refusals = host.audit("action=tool.call&outcome=refused").await;
    assert_eq!(refusals.len(), 2, "{refusals:#?}");
    assert!(refusals.iter().all(|entry| entry["target"]["id"] == "toolbox/semver_compare"), "{refusals:#?}");
    assert_eq!(host.audit("action=connector.restrict").await.len(), 1);

    assert_eq!(listed(&host, OTHERS).await, all);
    let theirs = called(&host, OTHERS).await;
    assert!(is_answered(&theirs), "{theirs:?}");
    let request = host.request("PUT", PATH).key(OTHERS).json(&json!({ "tools": [] }));
    assert_eq!(request.send().await.problem(403)["type"], "urn:bulkhead:problem:insufficient-role");

    lift(&host).await;
    assert_eq!(listed(&host, host.key()).await, all);
    let given_back = called(&host, host.key()).await;
    assert!(is_answered(&given_back), "{given_back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_lowered_for_calls_of_this_organization() {
    let host = Setup::up().await.with_hostile().start().await;
    let path = "/v1/connectors/hostile/restrictions";
    let put = async |body: Value| host.request("PUT", path).key(host.key()).json(&body).send().await;
    let higher = put(json!({ "limits": { "cpu_ms": 2001 } })).await.problem(422);
    assert_eq!(higher["faults"][0]["pointer"], "/limits/cpu_ms", "{higher:#}");
    assert!(higher["faults"][0]["message"].as_str().is_some_and(|said| said.contains("cpu_ms of 2000")), "{higher:#}");
    assert_eq!(put(json!({ "limits": { "cpu_ms": 100, "argument_kib": 1 } })).await.status, 200);
    let job = host.job("hostile", "spin_forever", json!({})).await;
    assert_eq!((&job["error"]["details"]["limit"], &job["error"]["details"]["value"]), (&json!("cpu_ms"), &json!(100)));
    let result = host.call("hostile_echo", json!({ "a": "x".repeat(1024) })).await;
    assert_eq!(result["_meta"]["bulkhead/error"]["details"]["limit"], "argument_bytes", "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_under_what_holds_when_it_runs() {
    let mut host = Setup::up().await.with_hostile().config("[jobs]\nlease_seconds = 3\n").start().await;
    let job = host.submit("hostile", "sleep", json!({ "ms": 20_000 })).await;
    host.job_that_is(&job, &["running"]).await;
    host.kill();
    host.execute(
        "INSERT INTO connector_restrictions (organization_id, connector, restrictions, digest, updated_at, updated_by) \
         SELECT organization_id, 'hostile', '{\"tools\": [\"echo\"]}', 'sha256:0', 0, user_id FROM memberships",
    )
    .await;
    host.start_again().await;
    let ended = host.ended(&job).await;
    assert_eq!((&ended["status"], &ended["error"]["type"]), (&json!("failed"), &json!("tool_restricted")), "{ended:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_took_away_is_gone_from_the_next_call_on() {
    let one = Setup::on(Database::postgres().await).await.start().await;
    let two = Setup::beside(&one).await.start().await;
    assert!(is_answered(&called(&two, two.key()).await));
    for _ in 0..3 {
        assert_eq!(put(&one, &json!({ "tools": ["jq"] })).await.status, 200);
        let refused = called(&two, two.key()).await;
        assert!(is_refused(&refused), "{refused:?}");
        lift(&one).await;
        let answered = called(&two, two.key()).await;
        assert!(is_answered(&answered), "{answered:?}");
    }
}
