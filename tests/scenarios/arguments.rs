//! Calls that ask for what is not there, or with what does not fit.

use bulkhead_system_tests::{Host, Setup};
use serde_json::{Value, json};

/// The one refusal in the audit trail, whose target is this.
async fn assert_refusal_is_recorded(host: &Host, target: &str) {
    let audit = host.audit("outcome=refused").await;
    assert_eq!(audit.len(), 1, "{audit:#?}");
    assert_eq!(audit[0]["action"], "tool.call");
    assert_eq!(audit[0]["target"]["id"], target);
    assert!(audit[0]["reason"].is_string() && audit[0]["completed_at"].is_string(), "{audit:#?}");
    assert_eq!(audit[0]["job"], Value::Null);
    assert_eq!(host.items("/v1/jobs").await.len(), 0, "a refused call is no job");
}

fn pointers(faults: &Value) -> Vec<&str> {
    let faults = faults.as_array().expect("faults are listed");
    let mut pointers: Vec<_> = faults.iter().map(|fault| fault["pointer"].as_str().expect("a pointer")).collect();
    pointers.sort_unstable();
    pointers
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_connector_is_refused_over_rest() {
    let host = Setup::up().await.start().await;
    let problem = host.new_job("nowhere", "jq", &json!({})).send().await.problem(404);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unknown-connector");
    assert_refusal_is_recorded(&host, "nowhere/jq").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_tool_is_refused_over_rest() {
    let host = Setup::up().await.start().await;
    let problem = host.new_job("toolbox", "nothing", &json!({})).send().await.problem(404);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unknown-tool");
    assert_refusal_is_recorded(&host, "toolbox/nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_tool_is_refused_over_mcp() {
    let host = Setup::up().await.start().await;
    let answer = host.tool_call("toolbox_nothing", &json!({})).send().await.json();
    assert_eq!(answer["error"]["code"], -32602, "{answer:#}");
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("toolbox_nothing") && message.contains("tools/list"), "{message}");
    assert_refusal_is_recorded(&host, "toolbox/nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_connector_is_refused_over_mcp() {
    let host = Setup::up().await.start().await;
    let answer = host.tool_call("nowhere_jq", &json!({})).send().await.json();
    assert_eq!(answer["error"]["code"], -32602, "{answer:#}");
    assert_refusal_is_recorded(&host, "nowhere/jq").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_arguments_is_named_over_rest() {
    let host = Setup::up().await.start().await;
    let arguments = json!({ "filter": 3, "surplus/one": true });
    let problem = host.new_job("toolbox", "jq", &arguments).send().await.problem(422);
    assert_eq!(problem["type"], "urn:bulkhead:problem:invalid-arguments");
    let expected = ["/arguments/filter", "/arguments/input", "/arguments/surplus~1one"];
    assert_eq!(pointers(&problem["faults"]), expected);
    assert_refusal_is_recorded(&host, "toolbox/jq").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_arguments_is_named_over_mcp() {
    let host = Setup::up().await.start().await;
    let result = host.call("toolbox_jq", json!({ "filter": 3, "surplus/one": true })).await;
    assert_eq!(result["isError"], true);
    let error = &result["_meta"]["bulkhead/error"];
    assert_eq!(error["type"], "invalid_arguments");
    let expected = ["/filter", "/input", "/surplus~1one"];
    assert_eq!(pointers(&error["details"]["faults"]), expected);
    // The model reads the text, so they are named there too.
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert!(expected.iter().all(|pointer| text.contains(pointer)), "{text}");
    assert_refusal_is_recorded(&host, "toolbox/jq").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_member_of_the_body_is_refused() {
    let host = Setup::up().await.start().await;
    let request = host.request("POST", "/v1/connectors/toolbox/tools/jq/jobs").key(host.key());
    let problem = request.json(&json!({ "argument": {} })).send().await.problem(422);
    assert_eq!(problem["type"], "urn:bulkhead:problem:invalid-body");
    assert_eq!(pointers(&problem["faults"]), ["/argument"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_not_there_is_refused() {
    let host = Setup::up().await.start().await;
    for id in ["0198c0de-0000-7000-8000-000000000001", "nonsense"] {
        let problem = host.request("GET", &format!("/v1/jobs/{id}")).key(host.key()).send().await.problem(404);
        assert_eq!(problem["type"], "urn:bulkhead:problem:unknown-job");
    }
}
