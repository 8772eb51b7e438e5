//! Bodies that nobody should have to read.

use bulkhead_system_tests::{Host, Setup};
use serde_json::json;

const REST: &str = "/v1/connectors/toolbox/tools/jq/jobs";

fn ten_megabytes() -> Vec<u8> {
    json!({ "arguments": { "filter": ".", "input": "x".repeat(10_000_000) } }).to_string().into_bytes()
}

/// The host goes on as if nothing had been.
async fn assert_well(host: &Host) {
    assert_eq!(host.items("/v1/jobs").await.len(), 0);
    assert_eq!(host.job("toolbox", "jq", json!({ "filter": ".", "input": 1 })).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes_is_refused_over_rest() {
    let host = Setup::up().await.start().await;
    let reply = host.request("POST", REST).key(host.key()).declared_json(ten_megabytes()).send().await;
    assert!(reply.problem(413)["title"].as_str().is_some());
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes_is_refused_over_mcp() {
    let host = Setup::up().await.start().await;
    let big = "x".repeat(10_000_000);
    let reply = host.tool_call("toolbox_jq", &json!({ "filter": ".", "input": big })).send().await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_just_over_the_limit_of_the_api_is_refused() {
    let host = Setup::up().await.start().await;
    let body = json!({ "arguments": { "filter": ".", "input": "x".repeat(1 << 20) } }).to_string();
    let problem = host.request("POST", REST).key(host.key()).declared_json(body).send().await.problem(413);
    assert_eq!(problem["type"], "urn:bulkhead:problem:body-too-large");
    assert_eq!(problem["limit_bytes"], 1 << 20);
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused_over_rest() {
    let host = Setup::up().await.start().await;
    let reply = host.request("POST", REST).key(host.key()).declared_json("{\"arguments\": oops").send().await;
    let problem = reply.problem(400);
    assert_eq!(problem["type"], "urn:bulkhead:problem:malformed-json");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(1), &json!(15)));
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused_over_mcp() {
    let host = Setup::up().await.start().await;
    let request = host.request("POST", "/mcp").key(host.key()).header("accept", "application/json, text/event-stream");
    let reply = request.declared_json("{\"jsonrpc\": oops").send().await;
    assert!([400, 415].contains(&reply.status), "{} {}", reply.status, reply.text());
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let host = Setup::up().await.start().await;
    let problem = host.request("POST", REST).key(host.key()).send().await.problem(415);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unsupported-media-type");
    assert_well(&host).await;
}
