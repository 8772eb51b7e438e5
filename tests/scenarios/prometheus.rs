//! The connector `prometheus` against a real Prometheus that scrapes the host's own metrics.

use std::net::TcpListener;
use std::time::SystemTime;

use bulkhead_system_tests::{Host, Process, Setup, eventually, program};
use serde_json::{Value, json};

/// A host whose connector points at a Prometheus that scrapes that same host.
struct Scraped {
    // Before the host, in whose folder it keeps its data.
    _prometheus: Process,
    host: Host,
}

const RULES: &str = "groups:\n- name: test\n  rules:\n  - alert: BulkheadIsUp\n    expr: up{job=\"bulkhead\"} == 1\n    \
                     labels: {severity: info}\n    annotations: {summary: It is up}\n";

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

async fn start() -> Scraped {
    let port = free_port();
    let host = Setup::up().await.config(&base_url(port)).start().await;
    let folder = host.setup().folder();
    let config = format!(
        "global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}\n\
         rule_files: [rules.yml]\n\
         scrape_configs:\n- job_name: bulkhead\n  static_configs: [{{targets: ['{}']}}]\n\
         - job_name: nobody\n  static_configs: [{{targets: ['127.0.0.1:1']}}]\n",
        host.address()
    );
    std::fs::write(folder.join("prometheus.yml"), config).expect("a file can be written");
    std::fs::write(folder.join("rules.yml"), RULES).expect("a file can be written");
    let mut command = program("BULKHEAD_PROMETHEUS");
    command.current_dir(folder).arg("--config.file=prometheus.yml").arg("--storage.tsdb.path=prometheus");
    let prometheus = Process::start(command.arg(format!("--web.listen-address=127.0.0.1:{port}")));
    Scraped { _prometheus: prometheus, host }
}

/// The configuration that points the connector there.
fn base_url(port: u16) -> String {
    format!("[connectors.prometheus]\nbase_url = 'http://127.0.0.1:{port}'\n")
}

impl Scraped {
    /// Calls a tool until its structured result is as it will be once Prometheus has seen the host.
    async fn eventually(&self, tool: &str, arguments: Value, seen: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("{tool} gives what Prometheus must have seen"), async || {
            let result = self.host.call(tool, arguments.clone()).await;
            (result["isError"] == false && seen(&result["structuredContent"]))
                .then(|| result["structuredContent"].clone())
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_gives_what_the_host_measured() {
    let scraped = start().await;
    let up = json!({ "query": "up{job=\"bulkhead\"} == 1" });
    let seen = |output: &Value| output["series"].as_array().is_some_and(|series| !series.is_empty());
    let output = scraped.eventually("prometheus_query", up, seen).await;
    assert_eq!(output["kind"], "vector");
    assert_eq!(output["series"].as_array().map(Vec::len), Some(1));
    assert_eq!(output["series"][0]["labels"]["instance"], scraped.host.address());

    scraped.host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    let jobs = json!({ "query": "bulkhead_jobs_total{connector='toolbox', tool='jq', status='succeeded'}" });
    let output = scraped.eventually("prometheus_query", jobs, seen).await;
    assert_eq!(output["series"][0]["samples"][0]["value"], "1", "{output:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_query_gives_a_course_over_time() {
    let scraped = start().await;
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("the clock is right").as_secs();
    let arguments = json!({ "query": "up{job=\"bulkhead\"}", "start": now, "end": now + 300, "step": "1s" });
    // As soon as the first of its points is in the past.
    let seen = |output: &Value| output["series"][0]["samples"][0]["value"] == "1";
    let output = scraped.eventually("prometheus_query_range", arguments, seen).await;
    assert_eq!(output["series"][0]["labels"]["instance"], scraped.host.address());
    assert_eq!(output["kind"], "matrix");
}

#[tokio::test(flavor = "multi_thread")]
async fn firing_alerts_are_listed() {
    let scraped = start().await;
    let seen = |output: &Value| output.to_string().contains("BulkheadIsUp");
    let output = scraped.eventually("prometheus_list_alerts", json!({}), seen).await;
    assert_eq!(output["alerts"].as_array().map(Vec::len), Some(1), "{output:#}");
    assert!(output.to_string().contains("It is up"), "{output:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_listed_with_their_health() {
    let scraped = start().await;
    let seen = |output: &Value| {
        let text = output.to_string();
        text.contains("\"up\"") && text.contains("\"down\"")
    };
    let output = scraped.eventually("prometheus_list_targets", json!({}), seen).await;
    assert!(output.to_string().contains(scraped.host.address()), "{output:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_expression_is_refused_in_prometheus_own_words() {
    let scraped = start().await;
    let failed = eventually("Prometheus answers", async || {
        let result = scraped.host.call("prometheus_query", json!({ "query": "up{" })).await;
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        text.contains("parse error").then_some(result)
    })
    .await;
    assert_eq!(failed["isError"], true);
    let job = scraped.host.job_of(&failed).await;
    assert_eq!(job["status"], "failed", "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_listens_is_told() {
    let host = Setup::up().await.config(&base_url(free_port())).start().await;
    let result = host.call("prometheus_query", json!({ "query": "up" })).await;
    assert_eq!(result["isError"], true);
    let job = host.job_of(&result).await;
    assert_eq!(job["error"]["type"], "upstream", "{job:#}");
    let message = job["error"]["message"].as_str().expect("a message");
    assert!(message.contains("refused") || message.contains("connect"), "{message}");
    let events = host.events(job["id"].as_str().expect("an id")).await;
    assert!(events.iter().any(|event| event["kind"] == "outbound" && event["level"] == "warn"), "{events:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_the_answer_says_what_to_set() {
    let host = Setup::up().await.start().await;
    let result = host.call("prometheus_query", json!({ "query": "up" })).await;
    assert_eq!(result["isError"], true);
    assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains("base_url")), "{result:#}");
}
