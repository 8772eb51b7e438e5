//! `kill -9`, and what the next start finds.

use bulkhead_system_tests::{Host, Setup};
use serde_json::{Value, json};

/// On a database that other hosts might share, a lost worker's lease has to run out before its jobs are taken up.
const SHORT_LEASE: &str = "[jobs]\nlease_seconds = 2\npoll_ms = 100\n";

async fn host() -> Host {
    Setup::up().await.with_hostile().config(SHORT_LEASE).start().await
}

async fn outcome(host: &Host, id: &str) -> Value {
    let audit = host.audit(&format!("job={id}&action=tool.call")).await;
    assert_eq!(audit.len(), 1, "{audit:#?}");
    audit[0]["outcome"].clone()
}

async fn kinds(host: &Host, id: &str) -> Vec<String> {
    let events = host.events(id).await;
    events.iter().map(|event| event["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let mut host = host().await;
    let mut acknowledged = Vec::new();
    for number in 0..30 {
        let arguments = json!({ "filter": ".", "input": number });
        if number % 3 == 0 {
            acknowledged.push(host.submit("toolbox", "jq", arguments).await);
        } else {
            let result = host.call("toolbox_jq", arguments).await;
            acknowledged.push(result["_meta"]["bulkhead/job"].as_str().expect("a job").to_owned());
        }
    }
    host.kill();
    host.start_again().await;
    for (number, id) in acknowledged.iter().enumerate() {
        let job = host.ended(id).await;
        assert_eq!(job["status"], "succeeded", "{job:#}");
        assert_eq!(job["result"]["structuredContent"]["results"], json!([number]));
        assert_eq!(outcome(&host, id).await, "succeeded");
    }
    assert_eq!(host.items("/v1/jobs?limit=200").await.len(), acknowledged.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_only_reads_is_made_again_after_a_crash() {
    let mut host = host().await;
    let id = host.submit("hostile", "sleep", json!({ "ms": 1000 })).await;
    host.job_that_is(&id, &["running"]).await;
    host.kill();
    host.start_again().await;
    let job = host.ended(&id).await;
    assert_eq!(job["status"], "succeeded", "{job:#}");
    assert_eq!(job["attempts"], 2);
    assert_eq!(kinds(&host, &id).await, ["queued", "started", "retrying", "started", "log", "finished"]);
    assert_eq!(outcome(&host, &id).await, "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_workers_lease_counts_where_others_may_hold_one() {
    let config = "[jobs]\nlease_seconds = 3600\npoll_ms = 100\n";
    let mut host = Setup::up().await.with_hostile().config(config).start().await;
    let id = host.submit("hostile", "sleep", json!({ "ms": 1000 })).await;
    host.job_that_is(&id, &["running"]).await;
    host.kill();
    host.start_again().await;
    if host.setup().database().url().is_none() {
        // In a data folder of its own nobody else is alive, so the job need not wait an hour.
        assert_eq!(host.ended(&id).await["status"], "succeeded");
    } else {
        let job = host.get(&format!("/v1/jobs/{id}")).await;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("running"), &json!(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_crashes_the_host_every_time_is_given_up() {
    let mut host = host().await;
    let id = host.submit("hostile", "sleep", json!({ "ms": 20_000 })).await;
    for attempt in 1..=3 {
        bulkhead_system_tests::eventually("the next attempt runs", async || {
            let job = host.get(&format!("/v1/jobs/{id}")).await;
            (job["status"] == "running" && job["attempts"] == attempt).then_some(())
        })
        .await;
        host.kill();
        host.start_again().await;
    }
    let job = host.ended(&id).await;
    assert_eq!(job["status"], "failed");
    assert_eq!(job["error"]["type"], "worker_lost");
    assert_eq!(outcome(&host, &id).await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_have_changed_something_is_not_made_again() {
    let mut host = host().await;
    let id = host.submit("hostile", "change_slowly", json!({ "ms": 20_000 })).await;
    host.job_that_is(&id, &["running"]).await;
    host.kill();
    host.start_again().await;
    let job = host.ended(&id).await;
    assert_eq!(job["status"], "failed");
    assert_eq!(job["error"]["type"], "outcome_unknown");
    assert_eq!(job["attempts"], 1);
    assert_eq!(kinds(&host, &id).await, ["queued", "started", "finished"]);
    assert_eq!(outcome(&host, &id).await, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mcp_call_that_was_cut_off_ends_as_well() {
    let mut host = host().await;
    let call = tokio::spawn(host.tool_call("hostile_change_slowly", &json!({ "ms": 20_000 })).try_send());
    let id = only_job(&host).await;
    host.kill();
    assert!(call.await.expect("the call does not panic").is_err(), "an answer came from a dead host");
    host.start_again().await;
    assert_eq!(host.ended(&id).await["error"]["type"], "outcome_unknown");
    assert_eq!(outcome(&host, &id).await, "failed");
}

async fn only_job(host: &Host) -> String {
    let job = bulkhead_system_tests::eventually("the call is a job", async || {
        host.items("/v1/jobs").await.into_iter().find(|job| job["status"] == "running")
    });
    job.await["id"].as_str().expect("an id").to_owned()
}
