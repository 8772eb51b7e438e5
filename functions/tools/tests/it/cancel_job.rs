//! `POST /v1/jobs/{id}/cancel`

use bulkhead_function_tools::{describe, router};
use bulkhead_http_api::HostError;
use bulkhead_testkit::functions::{Asked, Behaviour, Harness};
use http::Method;
use serde_json::json;

/// A harness, and the path of a job in the state that this behaviour of the host leaves it in.
async fn with_job(behaviour: Behaviour) -> (Harness, String) {
    let harness = Harness::start(router, describe()).await;
    harness.host.behave(behaviour);
    let call = harness.request(Method::POST, "/v1/connectors/toolbox/tools/jq/jobs");
    let answer = call.json(&json!({"arguments": {"filter": ".", "input": null}})).send().await;
    let path = format!("/v1/jobs/{}", answer.json["id"].as_str().expect("an id"));
    (harness, path)
}

#[tokio::test]
async fn a_queued_job_is_canceled_at_once() {
    let (harness, path) = with_job(Behaviour::Fail(HostError::NotConfigured)).await;
    let answer = harness.post(&format!("{path}/cancel")).await.with_status(200);
    assert_eq!((&answer.json["status"], &answer.json["error"]["type"]), (&json!("canceled"), &json!("canceled")));
    assert_eq!(harness.get(&path).await.json["status"], "canceled");
    assert_eq!(harness.host.asked().len(), 1, "there is nobody to tell");
}

#[tokio::test]
async fn a_running_jobs_cancellation_is_requested_and_the_host_told() {
    let (harness, path) = with_job(Behaviour::Start).await;
    let cancel = format!("{path}/cancel");
    let answer =
        harness.request(Method::POST, &cancel).header("x-correlation-id", "mine").send().await.with_status(202);
    assert_eq!((&answer.json["status"], answer.header("location")), (&json!("running"), path.as_str()));
    assert!(answer.json["cancel_requested_at"].is_string());
    assert!(matches!(harness.host.asked().last(), Some(Asked::Cancel(_, correlation)) if correlation == "mine"));
    harness.post(&cancel).await.with_status(202);
}

#[tokio::test]
async fn a_host_that_can_not_be_told_finds_out_by_itself() {
    let (harness, path) = with_job(Behaviour::Start).await;
    for error in [HostError::Unreachable("refused".into()), HostError::Refused(404), HostError::NotConfigured] {
        harness.host.behave(Behaviour::Fail(error));
        harness.post(&format!("{path}/cancel")).await.with_status(202);
    }
}

#[tokio::test]
async fn a_job_that_has_ended_stays_as_it_is() {
    let (harness, path) = with_job(Behaviour::Finish).await;
    let answer = harness.post(&format!("{path}/cancel")).await.refused(409, "job-ended");
    assert_eq!(answer.json["job_status"], "succeeded");

    let (harness, path) = with_job(Behaviour::Fail(HostError::NotConfigured)).await;
    harness.post(&format!("{path}/cancel")).await.with_status(200);
    let answer = harness.post(&format!("{path}/cancel")).await.refused(409, "job-ended");
    assert_eq!(answer.json["job_status"], "canceled");
}
