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
    let problem = reply.problem(413);
    assert_eq!(problem["type"], "urn:bulkhead:problem:body-too-large");
    assert_eq!(problem["limit_bytes"], 4 << 20);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("mcp.max_body_bytes")), "{problem:#}");
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_mcp_may_be_as_long_as_the_limit_says() {
    const LIMIT: usize = 1000;
    let host = Setup::up().await.config(&format!("[mcp]\nmax_body_bytes = {LIMIT}\n")).start().await;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    let session = host.session_as(host.key(), &json!({})).await;
    let padded = |length: usize| {
        // JSON may end in spaces.
        let body = format!("{message:<length$}");
        assert_eq!(body.len(), length);
        let request = host.request("POST", "/mcp").key(host.key()).header("mcp-session-id", &session);
        let request = request.header("accept", "application/json, text/event-stream");
        request.header("mcp-protocol-version", "2025-11-25").declared_json(body).send()
    };
    for length in [LIMIT - 1, LIMIT] {
        let reply = padded(length).await;
        assert_eq!(reply.status, 200, "{length}: {}", reply.text());
    }
    assert_eq!(padded(LIMIT + 1).await.problem(413)["limit_bytes"], LIMIT);
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
    let refused = reply.expect(400);
    assert_eq!((&refused["jsonrpc"], &refused["id"]), (&json!("2.0"), &json!(null)), "{refused:#}");
    assert_eq!(refused["error"]["code"], -32700);
    let message = refused["error"]["message"].as_str().expect("a message");
    assert!(message.starts_with("the body is not JSON: ") && message.ends_with("line 1 column 13"), "{message}");
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_no_message_is_refused_over_mcp() {
    let host = Setup::up().await.start().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for (body, id) in [(json!({ "id": 7 }), json!(7)), (json!([ping]), json!(null)), (json!("hello"), json!(null))] {
        let refused = host.mcp(&body).send().await.expect(400);
        assert_eq!((&refused["error"]["code"], &refused["id"]), (&json!(-32600), &id), "{refused:#}");
    }
    // What is not declared as JSON is not looked at.
    let request = host.request("POST", "/mcp").key(host.key()).header("accept", "application/json, text/event-stream");
    assert_eq!(request.header("content-type", "text/plain").body("oops".into()).send().await.status, 415);
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let host = Setup::up().await.start().await;
    let problem = host.request("POST", REST).key(host.key()).send().await.problem(415);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unsupported-media-type");
    assert_well(&host).await;
}
