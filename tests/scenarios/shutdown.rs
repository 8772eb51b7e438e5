//! Ctrl-C, and SIGTERM, which service managers send.

use bulkhead_system_tests::{Host, Setup, eventually};
use serde_json::json;

/// A call runs while the host is told to stop.
async fn drains(signal: &str) {
    let mut host = Setup::up().await.with_hostile().start().await;
    let over_mcp = tokio::spawn(host.tool_call("hostile_sleep", &json!({ "ms": 1500 })).try_send());
    let waiting = host.new_job("hostile", "sleep", &json!({ "ms": 1500 })).header("prefer", "wait=30");
    let over_rest = tokio::spawn(waiting.try_send());
    both_run(&host).await;
    host.signal(signal);

    let answer = over_mcp.await.expect("the call does not panic").expect("an answer comes").expect(200);
    assert_eq!(answer["result"]["isError"], false, "{answer:#}");
    let job = over_rest.await.expect("the call does not panic").expect("an answer comes").expect(200);
    assert_eq!(job["status"], "succeeded");
    assert_eq!(host.wait().await.code(), Some(0), "{}", host.log());
}

async fn both_run(host: &Host) {
    eventually("both calls run", async || {
        let jobs = host.items("/v1/jobs").await;
        (jobs.iter().filter(|job| job["status"] == "running").count() == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_lets_calls_finish_and_exits_with_0() {
    drains("INT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_calls_finish_and_exits_with_0() {
    drains("TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_right_after_ready_exits_with_0() {
    let mut host = Setup::up().await.start().await;
    host.signal("INT");
    assert_eq!(host.wait().await.code(), Some(0), "{}", host.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_canceled() {
    let config = "[jobs]\ndrain_seconds = 1\n[connectors.hostile.limits]\nwall_clock_ms = 600000\n";
    let mut host = Setup::up().await.with_hostile().config(config).start().await;
    let id = host.submit("hostile", "sleep", json!({ "ms": 500_000 })).await;
    host.job_that_is(&id, &["running"]).await;
    host.signal("INT");
    assert_eq!(host.wait().await.code(), Some(0), "{}", host.log());

    host.start_again().await;
    let job = host.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!(job["status"], "canceled", "{job:#}");
}
