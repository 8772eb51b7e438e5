//! A newcomer's first minutes: start, call, look at what was recorded.

use std::os::unix::fs::PermissionsExt;

use bulkhead_system_tests::{Database, Host, Setup};
use serde_json::{Value, json};

/// What every door must have recorded of `jq '.a'` on `{"a": 42}`.
async fn assert_recorded(host: &Host, job: &Value) {
    assert_eq!(job["connector"], "toolbox");
    assert_eq!(job["tool"], "jq");
    assert_eq!(job["status"], "succeeded");
    assert_eq!(job["arguments"], arguments());
    assert_eq!(job["result"]["structuredContent"], json!({ "results": [42] }));
    assert_eq!(job["error"], Value::Null);
    assert_eq!(job["attempts"], 1);
    for measure in ["cpu_us", "wall_us", "peak_memory_bytes"] {
        assert!(job["usage"][measure].as_u64() > Some(0), "{measure}: {job:#}");
    }
    assert_eq!(job["usage"]["outbound_requests"], 0);
    for moment in ["created_at", "started_at", "finished_at"] {
        assert!(job[moment].is_string(), "{moment}: {job:#}");
    }

    let id = job["id"].as_str().expect("a job has an id");
    let events = host.events(id).await;
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["queued", "started", "finished"]);
    let numbers: Vec<_> = events.iter().map(|event| event["sequence"].as_i64()).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);

    let audit = host.audit(&format!("job={id}")).await;
    assert_eq!(audit.len(), 1, "{audit:#?}");
    assert_eq!(audit[0]["action"], "tool.call");
    assert_eq!(audit[0]["target"]["id"], "toolbox/jq");
    assert_eq!(audit[0]["outcome"], "succeeded");
    assert!(audit[0]["completed_at"].is_string());

    assert_eq!(host.items("/v1/jobs").await.len(), 1, "one call is one job");
}

fn arguments() -> Value {
    json!({ "filter": ".a", "input": { "a": 42 } })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_an_owner_whose_key_works() {
    let host = Setup::cold(Database::of_this_run().await).start().await;
    let mode = host.data_dir().join("owner.json").metadata().expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let owner = host.owner();
    assert_eq!(owner["mcp_url"], format!("http://{}/mcp", host.address()));
    assert_eq!(owner["api_url"], format!("http://{}/v1", host.address()));
    assert_eq!(owner["organization"], "default");

    let connectors = host.items("/v1/connectors").await;
    let slugs: Vec<_> = connectors.iter().map(|connector| connector["slug"].as_str().unwrap_or_default()).collect();
    assert_eq!(slugs, ["github", "prometheus", "toolbox"]);
    assert_eq!(host.get("/v1/connectors/toolbox").await["name"], "Toolbox");
    let tools = host.items("/v1/connectors/toolbox/tools").await;
    assert!(tools.iter().any(|tool| tool["name"] == "jq" && tool["input_schema"]["type"] == "object"), "{tools:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_start_keeps_the_owner_and_what_was_recorded() {
    let mut host = Setup::up().await.start().await;
    let job = host.job("toolbox", "jq", arguments()).await;
    let owner = host.owner();
    host.signal("INT");
    assert_eq!(host.wait().await.code(), Some(0));

    host.start_again().await;
    assert_eq!(host.owner(), owner);
    assert_eq!(host.get(&format!("/v1/jobs/{}", job["id"].as_str().expect("an id"))).await, job);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stateless_mcp_call_is_one_job_with_events_and_an_audit_entry() {
    let host = Setup::up().await.start().await;
    let listed = host.stateless("tools/list", json!({})).send().await.expect(200);
    let tools = listed["result"]["tools"].as_array().expect("tools are listed").clone();
    let jq = tools.iter().find(|tool| tool["name"] == "toolbox_jq").expect("jq is listed");
    assert!(jq["inputSchema"].is_object() && jq["outputSchema"].is_object(), "{jq:#}");
    assert_eq!(jq["annotations"]["readOnlyHint"], true);

    let result = host.call("toolbox_jq", arguments()).await;
    assert_eq!(result["isError"], false);
    assert_eq!(result["structuredContent"], json!({ "results": [42] }));
    assert_recorded(&host, &host.job_of(&result).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mcp_call_after_initialize_is_one_job_with_events_and_an_audit_entry() {
    let host = Setup::up().await.start().await;
    let opened = host.open_session().await;
    let welcome = opened.messages().pop().expect("a message");
    assert_eq!(welcome["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(welcome["result"]["serverInfo"]["name"], "bulkhead");

    let session = opened.header("mcp-session-id");
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let noted = host.in_session(session, &ready).send().await;
    assert_eq!(noted.status, 202, "{}", noted.text());

    let call = json!({ "name": "toolbox_jq", "arguments": arguments() });
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call });
    let answer = host.in_session(session, &call).send().await.messages().pop().expect("a message");
    assert_eq!(answer["id"], 2);
    assert_eq!(answer["result"]["structuredContent"], json!({ "results": [42] }));
    assert_recorded(&host, &host.job_of(&answer["result"]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_call_that_waits_answers_with_the_finished_job() {
    let host = Setup::up().await.start().await;
    let reply = host.new_job("toolbox", "jq", &arguments()).header("prefer", "wait=30").send().await;
    let job = reply.expect(200);
    assert_eq!(reply.header("preference-applied"), "wait=30");
    assert_recorded(&host, &job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_call_that_does_not_wait_answers_where_to_look() {
    let host = Setup::up().await.start().await;
    let reply = host.new_job("toolbox", "jq", &arguments()).send().await;
    let accepted = reply.expect(202);
    let id = accepted["id"].as_str().expect("a job has an id");
    assert_eq!(reply.header("location"), format!("/v1/jobs/{id}"));
    assert_eq!(accepted["status"], "queued");
    assert_recorded(&host, &host.ended(id).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_gives_the_same_job() {
    let host = Setup::up().await.start().await;
    let call =
        || host.new_job("toolbox", "jq", &arguments()).header("idempotency-key", "k-1").header("prefer", "wait=30");
    let first = call().send().await.expect(200);
    let second = call().send().await.expect(200);
    assert_eq!(first, second);
    assert_recorded(&host, &first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_of_another_call_is_refused() {
    let host = Setup::up().await.start().await;
    let call = |filter: &str| {
        let arguments = json!({ "filter": filter, "input": { "a": 42 } });
        host.new_job("toolbox", "jq", &arguments).header("idempotency-key", "k-1").header("prefer", "wait=30")
    };
    let _ = call(".a").send().await.expect(200);
    let problem = call(".b").send().await.problem(422);
    assert_eq!(problem["type"], "urn:bulkhead:problem:idempotency-key-reused");
    assert_eq!(host.items("/v1/jobs").await.len(), 1);
    assert_eq!(host.audit("outcome=refused").await.len(), 1);
}
