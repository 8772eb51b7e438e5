//! Calling a job off.

use std::time::{Duration, Instant};

use bulkhead_system_tests::{Host, Setup, eventually};
use serde_json::{Value, json};

async fn outcome(host: &Host, id: &str) -> Value {
    host.audit(&format!("job={id}&action=tool.call")).await[0]["outcome"].clone()
}

/// How much the host has computed so far, by the kernel's count: ticks.
fn computed(host: &Host) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", host.id())).expect("the host runs");
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
    ticks(11) + ticks(12)
}

#[tokio::test(flavor = "multi_thread")]
async fn canceling_a_running_job_stops_the_tool() {
    let host = Setup::up().await.with_hostile().start().await;
    let id = host.submit("hostile", "sleep", json!({ "ms": 25_000 })).await;
    host.job_that_is(&id, &["running"]).await;
    let start = Instant::now();
    let requested = host.cancel(&id).await.expect(202);
    assert!(requested["cancel_requested_at"].is_string(), "{requested:#}");
    let job = host.ended(&id).await;
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    assert_eq!(job["status"], "canceled");
    assert_eq!(job["error"]["type"], "canceled");
    assert_eq!(outcome(&host, &id).await, "canceled");
    // What the tool did until then is told all the same.
    let events = host.events(&id).await;
    let told: Vec<_> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    let last = "Ended canceled: canceled while it ran; the tool was stopped";
    assert!(told.ends_with(&["asleep", "The tool was stopped", last]), "{told:?}");
    assert!(job["usage"]["peak_memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{}", job["usage"]);
    assert!(job["usage"]["wall_us"].as_u64().is_some_and(|wall| wall > 0), "{}", job["usage"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_tool_computes_no_more() {
    let config = "[connectors.hostile.limits]\ncpu_ms = 600000\nwall_clock_ms = 600000\n";
    let host = Setup::up().await.with_hostile().config(config).start().await;
    let id = host.submit("hostile", "spin_forever", json!({})).await;
    host.job_that_is(&id, &["running"]).await;
    assert_eq!(host.cancel(&id).await.status, 202);
    assert_eq!(host.ended(&id).await["status"], "canceled");
    // A guest that went on would use up a whole core: 100 ticks a second.
    eventually("the host is idle", async || {
        let before = computed(&host);
        tokio::time::sleep(Duration::from_millis(500)).await;
        (computed(&host) - before < 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn canceling_a_queued_job_ends_it_at_once() {
    // One place for jobs whose caller does not wait, and it is taken. The queue is looked through when there is reason to.
    let config = "[jobs]\nworkers = 1\npoll_ms = 600000\n";
    let host = Setup::up().await.with_hostile().config(config).start().await;
    let sleeping = || host.submit("hostile", "sleep", json!({ "ms": 25_000 }));
    let blocker = sleeping().await;
    host.job_that_is(&blocker, &["running"]).await;
    let (waiting, next) = (sleeping().await, sleeping().await);
    // Whoever waits for a job needs no place.
    assert_eq!(host.job("toolbox", "jq", json!({ "filter": ".", "input": 1 })).await["status"], "succeeded");
    assert_eq!(host.get(&format!("/v1/jobs/{waiting}")).await["status"], "queued");
    let canceled = host.cancel(&waiting).await.expect(200);
    assert_eq!((&canceled["status"], &canceled["started_at"]), (&json!("canceled"), &Value::Null));
    assert_eq!(outcome(&host, &waiting).await, "canceled");
    assert_eq!(host.get(&format!("/v1/jobs/{blocker}")).await["status"], "running");
    assert_eq!(host.get(&format!("/v1/jobs/{next}")).await["status"], "queued");
    // A place that gets free is the next one's, at once.
    assert_eq!(host.cancel(&blocker).await.status, 202);
    host.job_that_is(&next, &["running"]).await;
    assert_eq!(host.cancel(&next).await.status, 202);
    host.ended(&next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_has_ended_can_not_be_canceled() {
    let host = Setup::up().await.start().await;
    let job = host.job("toolbox", "jq", json!({ "filter": ".", "input": 1 })).await;
    let id = job["id"].as_str().expect("an id");
    let problem = host.cancel(id).await.problem(409);
    assert_eq!(problem["type"], "urn:bulkhead:problem:job-ended");
    assert_eq!(problem["job_status"], "succeeded");
    assert_eq!(host.get(&format!("/v1/jobs/{id}")).await, job);
}

#[tokio::test(flavor = "multi_thread")]
async fn canceling_what_is_not_there_is_refused() {
    let host = Setup::up().await.start().await;
    let problem = host.cancel("0198c0de-0000-7000-8000-000000000001").await.problem(404);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unknown-job");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_job_of_an_mcp_client_that_went_away_ends_all_the_same() {
    let host = Setup::up().await.with_hostile().start().await;
    let call = tokio::spawn(host.tool_call("hostile_sleep", &json!({ "ms": 1500 })).try_send());
    let job = eventually("the call is a job that runs", async || {
        host.items("/v1/jobs").await.into_iter().find(|job| job["status"] == "running")
    })
    .await;
    call.abort();
    let job = host.ended(job["id"].as_str().expect("an id")).await;
    assert!(["succeeded", "canceled"].contains(&job["status"].as_str().unwrap_or_default()), "{job:#}");
    assert_eq!(outcome(&host, job["id"].as_str().expect("an id")).await, job["status"]);
}
