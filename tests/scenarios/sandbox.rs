//! Tools that misbehave (the guest `connector-hostile`): each call ends as it must, and the host stays well.

use std::net::TcpListener;
use std::sync::Arc;

use bulkhead_system_tests::{Host, Request, Setup, eventually};
use serde_json::{Value, json};

async fn host() -> Host {
    Setup::up().await.with_hostile().start().await
}

/// Calls a tool that must fail, and gives the job, which says so as the audit trail does.
async fn failed(host: &Host, tool: &str, arguments: Value) -> Value {
    let result = host.call(&format!("hostile_{tool}"), arguments).await;
    assert_eq!(result["isError"], true, "{result:#}");
    let job = host.job_of(&result).await;
    assert_eq!(job["status"], "failed");
    assert_eq!(job["result"], Value::Null);
    let audit = host.audit(&format!("job={}", job["id"].as_str().expect("an id"))).await;
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0]["outcome"], "failed");
    assert_eq!(result["_meta"]["bulkhead/error"]["type"], job["error"]["type"]);
    assert_well(host).await;
    job
}

/// Calls a tool that must go over this limit.
async fn exceeds(host: &Host, tool: &str, arguments: Value, limit: &str) -> Value {
    let job = failed(host, tool, arguments).await;
    assert_eq!(job["error"]["type"], "limit_exceeded", "{job:#}");
    assert_eq!(job["error"]["details"]["limit"], limit, "{job:#}");
    job
}

/// The next call of the same connector works.
async fn assert_well(host: &Host) {
    let echo = host.call("hostile_echo", json!({ "a": 1 })).await;
    assert_eq!(echo["structuredContent"], json!({ "arguments": { "a": 1 } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_loops_for_ever_is_stopped() {
    let job = exceeds(&host().await, "spin_forever", json!({}), "cpu_ms").await;
    assert_eq!(job["error"]["details"]["value"], 2000);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_tool_that_loops_for_ever() {
    let config = "[connectors.hostile.limits]\ncpu_ms = 600000\nwall_clock_ms = 600000\n";
    let host = Setup::up().await.with_hostile().config(config).start().await;
    let mut looping = Vec::new();
    // More than there are cores on most machines that run this.
    for _ in 0..8 {
        looping.push(host.submit("hostile", "spin_forever", json!({})).await);
    }
    for id in &looping {
        host.job_that_is(id, &["running"]).await;
    }
    assert_well(&host).await;
    for id in &looping {
        assert_eq!(host.get(&format!("/v1/jobs/{id}")).await["status"], "running");
    }
}

/// Waits until the metrics have this line.
async fn has_metric(host: &Host, line: &str) {
    eventually(line, async || {
        host.request("GET", "/metrics").send().await.text().lines().any(|found| found == line).then_some(())
    })
    .await;
}

/// Whose calls of a connector broke rules, and who has one of it that goes on until it is canceled.
async fn sleeping_after(throttled_calls: usize, break_rules: impl AsyncFnOnce(&Host)) -> (Arc<Host>, String) {
    let config = format!("[jobs]\nthrottled_calls = {throttled_calls}\n");
    let host = Arc::new(Setup::up().await.with_hostile().config(&config).start().await);
    break_rules(&host).await;
    let caller = host.clone();
    tokio::spawn(async move { caller.call("hostile_sleep", json!({ "ms": 600_000 })).await });
    has_metric(&host, r#"bulkhead_jobs_running{connector="hostile",tool="sleep"} 1"#).await;
    let running = host.items("/v1/jobs?status=running").await;
    let sleeping = running[0]["id"].as_str().expect("an id").to_owned();
    (host, sleeping)
}

async fn trap(host: &Host) {
    assert_eq!(host.call("hostile_trap", json!({})).await["isError"], true);
}

/// Waits until so many calls wait for their turn.
async fn throttled(host: &Host, calls: usize) {
    has_metric(host, &format!(r#"bulkhead_calls_throttled{{connector="hostile"}} {calls}"#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_calls_break_rules_has_fewer_of_them_at_once() {
    let (host, sleeping) = sleeping_after(2, trap).await;
    let caller = host.clone();
    let echo = tokio::spawn(async move { caller.call("hostile_echo", json!({ "a": 1 })).await });
    throttled(&host, 1).await;
    // Nobody else waits: neither another connector's calls, nor what runs at a place of the queue.
    let other = host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    assert_eq!(other["structuredContent"]["results"], json!([1]));
    let queued = host.submit("hostile", "echo", json!({})).await;
    assert_eq!(host.ended(&queued).await["status"], "succeeded");

    host.cancel(&sleeping).await;
    let echo = echo.await.expect("it is answered");
    assert_eq!(echo["structuredContent"], json!({ "arguments": { "a": 1 } }));
    let job = host.job_of(&echo).await;
    let events = host.events(job["id"].as_str().expect("an id")).await;
    assert!(events.iter().any(|event| event["kind"] == "throttled"), "{events:#?}");
    throttled(&host, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_and_breaks_rules_has_fewer_calls_too() {
    fn read(host: &Host, uri: &str) -> Request {
        host.stateless("resources/read", json!({ "uri": uri }))
    }
    let trap = async |host: &Host| {
        let failed = read(host, "hostile://trap").send().await.json();
        assert!(failed["error"].is_object(), "{failed:#}");
    };
    let (host, sleeping) = sleeping_after(2, trap).await;
    let caller = host.clone();
    let other = tokio::spawn(async move { read(&caller, "hostile://fine").send().await.expect(200) });
    throttled(&host, 1).await;
    host.cancel(&sleeping).await;
    let other = other.await.expect("it is answered");
    assert_eq!(other["result"]["contents"][0]["text"], "hostile://fine");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_lets_all_calls_run() {
    let (host, _) = sleeping_after(0, trap).await;
    assert_well(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sets_the_limit_on_cpu_time() {
    let setup = Setup::up().await.with_hostile().config("[connectors.hostile.limits]\ncpu_ms = 100\n");
    let job = exceeds(&setup.start().await, "spin_forever", json!({}), "cpu_ms").await;
    assert_eq!(job["error"]["details"]["value"], 100);
    assert!(job["usage"]["cpu_us"].as_u64() < Some(1_000_000), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_allocates_without_end_is_stopped() {
    let job = exceeds(&host().await, "allocate_without_end", json!({}), "memory_bytes").await;
    assert!(job["usage"]["peak_memory_bytes"].as_u64() <= Some(64 << 20), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_waits_too_long_is_stopped() {
    let setup = Setup::up().await.with_hostile().config("[connectors.hostile.limits]\nwall_clock_ms = 200\n");
    exceeds(&setup.start().await, "sleep", json!({ "ms": 600_000 }), "wall_ms").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_traps_fails_alone() {
    let job = failed(&host().await, "trap", json!({})).await;
    assert_eq!(job["error"]["type"], "trap");
}

/// What a tool that trapped had written to standard error, as its job's events tell it.
async fn last_words(host: &Host, job: &Value) -> String {
    let events = host.events(job["id"].as_str().expect("an id")).await;
    let said = events.iter().find(|event| event["level"] == "error" && event["kind"] == "log");
    said.and_then(|event| event["message"].as_str()).expect("it said something").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_tool_panicked_is_an_event_of_its_job() {
    let host = Setup::up().await.with_conformance().start().await;
    let job = host.job_of(&host.call("test_tool_that_panics", json!({})).await).await;
    assert_eq!(job["error"]["type"], "trap");
    let said = last_words(&host, &job).await;
    assert!(said.starts_with("panicked at ") && said.contains("\nfür niemanden gibt es keinen Weg. xxx"), "{said}");
    assert_eq!(said.len(), 4 << 10, "the limit on standard error");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_standard_error_the_beginning_is_kept() {
    let host = host().await;
    let job = failed(&host, "stderr_flood", json!({})).await;
    assert_eq!(job["error"]["type"], "trap");
    let said = last_words(&host, &job).await;
    assert!(said.starts_with("a beginning\nfloodingflooding"), "{said}");
    assert_eq!(said.len(), 4 << 10);
}

/// Natively they have a whole machine: what a crate of theirs needs of it is missed only in the sandbox.
#[tokio::test(flavor = "multi_thread")]
async fn the_tools_of_the_toolbox_need_nothing_but_the_time() {
    let host = Setup::up().await.start().await;
    let structured = async |tool: &str, arguments: Value| {
        let result = host.call(&format!("toolbox_{tool}"), arguments).await;
        assert_ne!(result["isError"], true, "{result:#}");
        result["structuredContent"].clone()
    };
    let unix =
        async |time: &str| structured("convert_time", json!({ "time": time })).await["unix"].as_i64().expect("seconds");
    let before = unix("now").await;
    assert_eq!(unix("2027-01-15T09:00:00+01:00").await, 1_800_000_000);
    let jq = async |filter: &str, input: i64| {
        structured("jq", json!({ "filter": filter, "input": input })).await["results"].clone()
    };
    assert_eq!(jq("now - . | . >= 0 and . < 60", before).await, json!([true]));
    assert_eq!(jq("localtime | mktime", before).await, json!([before]), "its time zone is UTC");
    let cron = structured("cron_next", json!({ "expression": "* * * * *", "count": 1 })).await;
    let next = cron["times"][0]["unix"].as_i64().expect("seconds");
    assert!((0..120).contains(&(next - before)), "{next} {before}");
    let diff = structured("diff", json!({ "before": "a\nb\n", "after": "a\nc\n" })).await;
    assert!(diff["diff"].as_str().is_some_and(|text| text.contains("-b") && text.contains("+c")), "{diff:#}");
    let compared = structured("semver_compare", json!({ "left": "1.2.3", "right": "1.3.0" })).await;
    assert_eq!(compared["ordering"], "less", "{compared:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_recurses_without_end_is_stopped() {
    // Which of its two stacks is used up first is the compiler's choice: the engine's, which has a limit, or the one in
    // its own memory, whose end is a trap.
    let job = failed(&host().await, "stack_overflow", json!({})).await;
    let error = &job["error"];
    assert!(error["type"] == "trap" || error["details"]["limit"] == "stack", "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_result_is_refused() {
    exceeds(&host().await, "huge_result", json!({ "bytes": 2 << 20 }), "result_bytes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_result_below_the_limit_is_kept() {
    let host = host().await;
    let job = host.job("hostile", "huge_result", json!({ "bytes": 1_000_000 })).await;
    assert_eq!(job["result"]["structuredContent"]["padding"].as_str().map(str::len), Some(1_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_around_a_result_is_larger_than_its_limit() {
    let host = host().await;
    // A fault without words is 27 bytes of JSON, a user among those for whom a content is 7.
    for (tool, count) in [("fault_flood", 50_000), ("annotation_flood", 500_000)] {
        let job = exceeds(&host, tool, json!({ "count": count }), "result_bytes").await;
        assert!(job["error"]["details"]["reached"].as_u64() > Some(1 << 20), "{job:#}");
    }
    let job = failed(&host, "fault_flood", json!({ "count": 1000 })).await;
    assert_eq!(job["error"]["type"], "invalid_arguments");
    assert_eq!(job["error"]["details"]["faults"].as_array().map(Vec::len), Some(1000));
    let job = host.job("hostile", "annotation_flood", json!({ "count": 1000 })).await;
    let audience = &job["result"]["content"][0]["annotations"]["audience"];
    assert_eq!(audience.as_array().map(Vec::len), Some(1000), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_not_json_is_refused() {
    let job = failed(&host().await, "bad_output", json!({})).await;
    assert_eq!(job["error"]["type"], "invalid_output");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_messages_is_capped() {
    let host = host().await;
    // Short messages are limited by their number, long ones by their length together: 32 times 2 KiB are 64 KiB.
    let (number, length) = ("LogEvents of 100 with 2000", format!("LogBytes of 65536 with {}", 2000 * 2048));
    for (bytes, kept, limit) in [(100, 100, number), (5000, 32, length.as_str())] {
        let job = host.job("hostile", "log_flood", json!({ "messages": 1000, "bytes": bytes })).await;
        assert_eq!(job["status"], "succeeded", "{job:#}");
        let events = host.events(job["id"].as_str().expect("an id")).await;
        // The tool's, and queued, started, how many were dropped, finished.
        assert_eq!(events.len(), kept + 4);
        assert!(events.iter().all(|event| event["message"].as_str().is_some_and(|text| text.len() <= 2048)));
        let dropped = format!("{} more messages of the tool were dropped: it exceeded its limit {limit}", 2000 - kept);
        assert!(events.iter().any(|event| event["message"] == dropped.as_str()), "{events:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_was_not_granted_is_not_even_connected_to() {
    let host = host().await;
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    nobody.set_nonblocking(true).expect("it can be asked without waiting");
    let address = nobody.local_addr().expect("it has an address");
    let url = format!("http://{address}/secret?token=hunter2");
    let job = failed(&host, "call_forbidden_host", json!({ "url": url })).await;

    let events = host.events(job["id"].as_str().expect("an id")).await;
    let refusal = events.iter().find(|event| event["kind"] == "outbound").expect("the refusal is an event");
    assert_eq!(refusal["level"], "warn");
    let message = refusal["message"].as_str().expect("a message");
    assert!(message.contains(&address.to_string()), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
    assert!(nobody.accept().is_err(), "somebody connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_sees_no_environment_no_files_and_no_network() {
    let host = host().await;
    let job = host.job("hostile", "read_environment", json!({})).await;
    let nothing = json!({ "variables": {}, "arguments": [], "files": {}, "network": {} });
    assert_eq!(job["result"]["structuredContent"], nothing, "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_the_first_of_its_instance() {
    let host = host().await;
    for _ in 0..5 {
        let result = host.call("hostile_count", json!({})).await;
        assert_eq!(result["structuredContent"], json!({ "calls": 1 }));
    }
}
