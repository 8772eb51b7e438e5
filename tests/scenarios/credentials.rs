//! Who gets in.

use bulkhead_system_tests::{Host, Reply, Request, Setup};
use serde_json::json;

/// What somebody without a right to it asks for over both doors.
fn doors(host: &Host) -> [Request; 4] {
    let call = json!({ "arguments": { "filter": ".", "input": 1 } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    [
        host.request("GET", "/v1/jobs"),
        host.request("GET", "/v1/audit/events"),
        host.request("POST", "/v1/connectors/toolbox/tools/jq/jobs").json(&call),
        host.request("POST", "/mcp").header("accept", "application/json, text/event-stream").json(&message),
    ]
}

fn assert_refused(reply: &Reply) {
    let problem = reply.problem(401);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unauthenticated");
    assert!(reply.header("www-authenticate").starts_with("Bearer"), "{}", reply.text());
}

async fn assert_no_door_opens(host: &Host, key: &str) {
    for request in doors(host) {
        assert_refused(&request.key(key).send().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_no_door_opens() {
    let host = Setup::up().await.start().await;
    for request in doors(&host) {
        assert_refused(&request.send().await);
    }
    assert_eq!(host.items("/v1/jobs").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_key_of_another_installation_no_door_opens() {
    let host = Setup::up().await.start().await;
    let other = Setup::up().await.start().await;
    assert_no_door_opens(&host, other.key()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_another_secret_behind_the_same_prefix_no_door_opens() {
    let host = Setup::up().await.start().await;
    // The stored hash is another one, as if the key were: its checksum is right, its prefix is known.
    let hash = "0".repeat(64);
    host.execute(&format!("UPDATE api_keys SET hash = '{hash}'")).await;
    assert_no_door_opens(&host, host.key()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_what_is_not_a_key_no_door_opens() {
    let host = Setup::up().await.start().await;
    let changed = host.key().replace("bhk_", "bhk-");
    for key in ["", "nonsense", "bhk_", &host.key()[..59], &changed] {
        assert_no_door_opens(&host, key).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_revoked_key_no_door_opens() {
    let host = Setup::up().await.start().await;
    let _ = host.get("/v1/jobs").await;
    host.execute("UPDATE api_keys SET revoked_at = 1").await;
    assert_no_door_opens(&host, host.key()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_expired_key_no_door_opens() {
    let host = Setup::up().await.start().await;
    host.execute("UPDATE api_keys SET expires_at = 1").await;
    assert_no_door_opens(&host, host.key()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_door_to_the_host_takes_no_api_key() {
    let host = Setup::up().await.start().await;
    let job = host.job("toolbox", "jq", json!({ "filter": ".", "input": 1 })).await;
    let id = job["id"].as_str().expect("an id");
    for deed in ["run", "cancel"] {
        let request = || host.request("POST", &format!("/internal/v1/jobs/{id}/{deed}"));
        assert_refused(&request().send().await);
        assert_refused(&request().key(host.key()).send().await);
    }
}
