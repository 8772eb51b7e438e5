//! `POST /v1/connectors/{slug}/tools/{tool}/jobs`

use std::time::Duration;

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_function_tools::{describe, router};
use bulkhead_http_api::HostError;
use bulkhead_kernel::PageRequest;
use bulkhead_testkit::functions::{Answer, Asked, Behaviour, Call, Harness};
use http::Method;
use serde_json::{Value, json};

const JQ: &str = "/v1/connectors/toolbox/tools/jq/jobs";

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

fn arguments() -> Value {
    json!({"arguments": {"filter": ".", "input": {"a": 1}}})
}

fn call(harness: &Harness) -> Call<'_> {
    harness.request(Method::POST, JQ).json(&arguments())
}

fn id(answer: &Answer) -> &str {
    answer.json["id"].as_str().expect("an id")
}

#[tokio::test]
async fn without_a_preference_the_host_is_told_and_the_answer_does_not_wait() {
    // However quick the tool is.
    for behaviour in [Behaviour::Start, Behaviour::Finish] {
        let harness = harness().await;
        harness.host.behave(behaviour);
        let answer = call(&harness).header("x-correlation-id", "mine").send().await.with_status(202);
        assert_eq!(answer.json["status"], "queued");
        assert_eq!(answer.header("location"), format!("/v1/jobs/{}", id(&answer)));
        assert_eq!(answer.header("preference-applied"), "");
        let expected = Asked::Run(id(&answer).parse().expect("an id"), Duration::ZERO, "mine".to_owned());
        assert_eq!(harness.host.asked(), [expected]);
        harness.get(answer.header("location")).await.with_status(200);
    }
}

#[tokio::test]
async fn a_job_that_ends_in_time_is_the_answer() {
    let harness = harness().await;
    let answer = call(&harness).header("prefer", "wait=5").send().await.with_status(200);
    assert_eq!((&answer.json["status"], &answer.json["attempts"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(answer.json["arguments"], json!({"filter": ".", "input": {"a": 1}}));
    assert_eq!(answer.json["result"]["structuredContent"], json!({"value": 1}));
    assert_eq!(answer.json["usage"]["peak_memory_bytes"], 65_536);
    assert!(answer.json["error"].is_null() && answer.json["finished_at"].is_string());
    assert_eq!((answer.header("preference-applied"), answer.header("location")), ("wait=5", ""));
}

#[tokio::test]
async fn a_job_that_does_not_end_in_time_goes_on() {
    let harness = harness().await;
    harness.host.behave(Behaviour::Start);
    let answer = call(&harness).header("prefer", "wait=1").send().await.with_status(202);
    assert_eq!((&answer.json["status"], answer.header("preference-applied")), (&json!("running"), "wait=1"));
    assert!(answer.header("location").ends_with(id(&answer)));
}

#[tokio::test]
async fn the_wait_is_capped() {
    let harness = harness().await;
    for (asked, waited) in [("wait=30", 30), ("wait=31", 30), ("wait=99999999999999999999", 30)] {
        let answer = call(&harness).header("prefer", asked).send().await.with_status(200);
        assert_eq!(answer.header("preference-applied"), format!("wait={waited}"));
        let last = harness.host.asked().pop();
        assert!(matches!(last, Some(Asked::Run(_, wait, _)) if wait.as_secs() == waited), "{last:?}");
    }
}

#[tokio::test]
async fn a_host_that_can_not_be_reached_leaves_the_job_queued() {
    let harness = harness().await;
    for error in [HostError::Unreachable("refused".into()), HostError::Refused(500), HostError::NotConfigured] {
        harness.host.behave(Behaviour::Fail(error));
        let answer = call(&harness).header("prefer", "wait=5").send().await.with_status(202);
        assert_eq!((&answer.json["status"], answer.header("preference-applied")), (&json!("queued"), ""));
        harness.get(answer.header("location")).await.with_status(200);
    }
}

#[tokio::test]
async fn a_host_that_is_mistaken_about_the_end_is_not_believed() {
    let harness = harness().await;
    harness.host.behave(Behaviour::Lie);
    let answer = call(&harness).header("prefer", "wait=5").send().await.with_status(202);
    assert_eq!(answer.json["status"], "running");
}

#[tokio::test]
async fn an_unknown_connector_or_tool_is_a_404_and_audited() {
    let harness = harness().await;
    let post = |path: &str| harness.request(Method::POST, path).json(&arguments()).send();
    post("/v1/connectors/nothing/tools/jq/jobs").await.refused(404, "unknown-connector");
    post("/v1/connectors/a%00b/tools/jq/jobs").await.refused(404, "unknown-connector");
    post("/v1/connectors/toolbox/tools/nothing/jobs").await.refused(404, "unknown-tool");
    post("/v1/connectors/toolbox/tools/j%00q/jobs").await.refused(404, "unknown-tool");
    assert_eq!(refusals(&harness).await, 4);
    assert_eq!(harness.host.asked(), []);
}

async fn refusals(harness: &Harness) -> usize {
    let filter = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
    let (ports, caller) = (&harness.api.ports, &harness.ours.caller);
    let page = bulkhead_audit::list(ports, caller, &filter, &PageRequest::default()).await;
    page.expect("the trail").items.len()
}

#[tokio::test]
async fn every_fault_of_the_arguments_is_named() {
    let harness = harness().await;
    let body = json!({"arguments": {"filter": 3, "n": 0, "a/b": "secret"}});
    let answer = harness.request(Method::POST, JQ).json(&body).send().await.refused(422, "invalid-arguments");
    assert_eq!(answer.faults(), ["/arguments/a~1b", "/arguments/filter", "/arguments/input", "/arguments/n"]);
    assert!(!answer.json.to_string().contains("secret"));
    assert_eq!(refusals(&harness).await, 1);
    assert_eq!(harness.get("/v1/jobs").await.json["items"], json!([]));
}

#[tokio::test]
async fn a_tool_with_a_broken_schema_is_our_fault() {
    let harness = harness().await;
    let call = harness.request(Method::POST, "/v1/connectors/broken/tools/schema/jobs").json(&arguments());
    let answer = call.send().await.refused(500, "internal");
    assert!(!answer.json.to_string().contains("JSON Schema"), "{}", answer.json);
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_job() {
    let harness = harness().await;
    harness.host.behave(Behaviour::Fail(HostError::NotConfigured));
    let first = call(&harness).header("idempotency-key", "k1").send().await.with_status(202);
    harness.host.behave(Behaviour::Finish);
    let second =
        call(&harness).header("idempotency-key", "k1").header("prefer", "wait=5").send().await.with_status(200);
    let third = call(&harness).header("idempotency-key", "k1").send().await.with_status(200);
    assert_eq!((id(&first), id(&first)), (id(&second), id(&third)));
    assert_eq!(third.json["status"], "succeeded");
    assert_eq!(harness.host.asked().len(), 2, "a job that has ended is not run again");

    let other = call(&harness).header("idempotency-key", "k2").send().await.with_status(202);
    assert_ne!(id(&other), id(&first));
}

#[tokio::test]
async fn an_idempotency_key_is_its_users_own() {
    let harness = harness().await;
    let ours = call(&harness).header("idempotency-key", "k1").send().await.with_status(202);
    let theirs = harness.call(Method::POST, JQ).key(&harness.theirs.key).json(&arguments());
    let theirs = theirs.header("idempotency-key", "k1").send().await.with_status(202);
    assert_ne!(id(&ours), id(&theirs));
}

#[tokio::test]
async fn an_idempotency_key_of_another_call_is_refused() {
    let harness = harness().await;
    call(&harness).header("idempotency-key", "k1").send().await.with_status(202);
    let other = json!({"arguments": {"filter": ".", "input": 2}});
    let call = harness.request(Method::POST, JQ).json(&other).header("idempotency-key", "k1");
    call.send().await.refused(422, "idempotency-key-reused");
}

#[tokio::test]
async fn an_idempotency_key_is_sane_on_both_sides_of_its_limit() {
    let harness = harness().await;
    let with = |key: &[u8]| call(&harness).header_bytes("idempotency-key", key).send();
    with(&[b'k'; 255]).await.with_status(202);
    for key in [&[b'k'; 256][..], b"", b"  ", b"caf\xc3\xa9"] {
        assert_eq!(with(key).await.refused(400, "invalid-header").json["header"], "Idempotency-Key");
    }
    let twice = call(&harness).header("idempotency-key", "a").header("idempotency-key", "b");
    twice.send().await.refused(400, "invalid-header");
}
