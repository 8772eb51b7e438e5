//! The id that ties a request to its job, its audit entry and its line in the log.

use bulkhead_system_tests::{Host, Setup};
use serde_json::{Value, json};

async fn host() -> Host {
    Setup::up().await.arguments(&["--log-format", "json"]).start().await
}

/// The one line of the log about a job's end, which is in the call's span.
async fn line_of(host: &Host, job: &str) -> Value {
    let of_the_job = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["message"] == "job ended" && line["span"]["job"] == job).then_some(line)
    };
    let lines = bulkhead_system_tests::eventually("the call's end is in the log", async || {
        let lines: Vec<Value> = host.log().lines().filter_map(of_the_job).collect();
        (!lines.is_empty()).then_some(lines)
    })
    .await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines[0].clone()
}

async fn assert_everywhere(host: &Host, id: &str, job: &Value) {
    assert_eq!(job["correlation_id"], id);
    let job_id = job["id"].as_str().expect("an id");
    let audit = host.audit(&format!("correlation_id={id}")).await;
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0]["job"], job_id);
    assert_eq!(host.items(&format!("/v1/jobs?correlation_id={id}")).await.len(), 1);

    let line = line_of(host, job_id).await;
    assert_eq!(line["span"]["name"], "call");
    assert_eq!(line["span"]["tool"], "toolbox_jq");
    assert_eq!(line["span"]["correlation_id"], id);
    assert_eq!(line["span"]["organization"], audit[0]["organization"]);
    assert_eq!(line["status"], "succeeded");
}

fn arguments() -> Value {
    json!({ "filter": ".", "input": 1 })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sane_id_is_taken_over_mcp() {
    let host = host().await;
    let reply = host.tool_call("toolbox_jq", &arguments()).header("x-correlation-id", "build-42_a.b").send().await;
    assert_eq!(reply.header("x-correlation-id"), "build-42_a.b");
    let job = host.job_of(&reply.expect(200)["result"]).await;
    assert_everywhere(&host, "build-42_a.b", &job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_one_line_of_the_log() {
    let host = Setup::up().await.with_default_log().arguments(&["--log-format", "json"]).start().await;
    let lines = || host.log().lines().filter(|line| line.contains("target")).map(str::to_owned).collect::<Vec<_>>();
    let before = lines().len();
    for _ in 0..3 {
        let reply = host.tool_call("toolbox_jq", &arguments()).send().await.expect(200);
        line_of(&host, host.job_of(&reply["result"]).await["id"].as_str().expect("an id")).await;
    }
    assert_eq!(lines().len() - before, 3, "{:#?}", lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sane_id_is_taken_over_rest() {
    let host = host().await;
    let request = host.new_job("toolbox", "jq", &arguments()).header("prefer", "wait=30");
    let reply = request.header("x-correlation-id", "build-42_a.b").send().await;
    assert_eq!(reply.header("x-correlation-id"), "build-42_a.b");
    assert_everywhere(&host, "build-42_a.b", &reply.expect(200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sane_id_is_replaced() {
    let host = host().await;
    for offered in ["", "a b", "x\"y", "<script>", &"a".repeat(65)] {
        let request = host.new_job("toolbox", "jq", &arguments()).header("prefer", "wait=30");
        let reply = request.header("x-correlation-id", offered).send().await;
        let id = reply.header("x-correlation-id").to_owned();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{offered:?} gave {id:?}");
        assert_everywhere(&host, &id, &reply.expect(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_carries_the_id_too() {
    let host = host().await;
    let request = host.new_job("nowhere", "jq", &arguments()).header("x-correlation-id", "lost-1");
    assert_eq!(request.send().await.problem(404)["correlation_id"], "lost-1");
    assert_eq!(host.audit("correlation_id=lost-1").await[0]["outcome"], "refused");
}

/// As real Spin runs them. What a function kept of a request would be in another's answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_serves_many_requests_at_once_mixes_none_up() {
    let config = "[edge]\nrequests_per_instance = 128\nconcurrent_requests_per_instance = 16\n";
    let host = Setup::up().await.config(config).start().await;
    let mut jobs = Vec::new();
    for input in 0..8 {
        jobs.push(host.submit("toolbox", "jq", json!({ "filter": ".", "input": input })).await);
    }
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..160 {
        let (input, knows) = (number % 8, number % 5 != 0);
        let request = host.request("GET", &format!("/v1/jobs/{}", jobs[input]));
        let request = request.header("x-correlation-id", &format!("request-{number}"));
        let request = if knows { request.key(host.key()) } else { request.key("bh_wrong_key_of_somebody_else") };
        requests.spawn(async move { (number, input, knows, request.send().await) });
    }
    while let Some(answered) = requests.join_next().await {
        let (number, input, knows, reply) = answered.expect("a reply");
        assert_eq!(reply.header("x-correlation-id"), format!("request-{number}"));
        if knows {
            let job = reply.expect(200);
            assert_eq!((&job["id"], &job["arguments"]["input"]), (&json!(jobs[input]), &json!(input)));
        } else {
            assert_eq!(reply.problem(401)["correlation_id"], format!("request-{number}"));
        }
    }
}
