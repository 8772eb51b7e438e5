//! Whether the host is well, and who is told.

use bulkhead_system_tests::{Database, Setup, eventually, program, run};
use serde_json::{Value, json};

use crate::proxy::Proxy;

#[tokio::test(flavor = "multi_thread")]
async fn every_part_has_its_own_status_and_time() {
    let database = Database::of_this_run().await;
    let kind = if database.url().is_some() { "postgresql" } else { "sqlite" };
    let host = Setup::on(database).await.start().await;
    assert_eq!(host.request("GET", "/health").send().await.expect(200)["status"], "ok");

    let health = host.request("GET", "/health/detailed").send().await.expect(200);
    assert_eq!(health["status"], "ok");
    assert!(health["version"].is_string() && health["checked_at"].is_string());
    let checks = &health["checks"];
    assert_eq!(checks["database"]["status"], "ok");
    assert_eq!(checks["database"]["kind"], kind);
    assert!(checks["database"]["ms"].is_u64());
    let state = |part: &Value, name: &str| (part[name].clone(), part["status"].clone(), part["load_ms"].is_u64());
    let parts = |name: &str, id: &str| -> Vec<_> {
        checks[name].as_array().expect("parts").iter().map(|part| state(part, id)).collect()
    };
    let part = |name: &str, status: &str| (json!(name), json!(status), true);
    let functions = ["audit", "auth", "connections", "oauth-callback", "organizations", "profile", "tools"];
    assert_eq!(parts("functions", "id"), functions.map(|name| part(name, "ready")));
    // Nobody said where Prometheus is.
    assert_eq!(
        parts("connectors", "slug"),
        [part("github", "ok"), part("prometheus", "not_configured"), part("toolbox", "ok")]
    );
    assert_eq!(checks["connectors"][1]["missing_settings"], json!(["base_url"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_told_and_survived() {
    let direct = Database::postgres().await;
    let mut proxy = Proxy::to_server_of(direct.url().expect("it has a URL")).await;
    let url = proxy.url();
    // The database named on the command line wins over the one in the environment.
    let host = Setup::on(direct).await.arguments(&["--database-url", &url]).start().await;
    let health = async || host.request("GET", "/health/detailed").send().await;
    assert_eq!(health().await.status, 200);

    proxy.cut();
    let unwell =
        eventually("the host notices", async || Some(health().await).filter(|reply| reply.status == 503)).await;
    assert_eq!(unwell.json()["status"], "unavailable");
    assert_eq!(unwell.json()["checks"]["database"]["status"], "unavailable");
    // A load balancer must not restart a host because its database is away.
    assert_eq!(host.request("GET", "/health").send().await.status, 200);
    let problem = host.request("GET", "/v1/jobs").key(host.key()).send().await.problem(503);
    assert_eq!(problem["type"], "urn:bulkhead:problem:database-unavailable");

    proxy.mend().await;
    eventually("the host is well again", async || (health().await.status == 200).then_some(())).await;
    let result = host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    assert_eq!(result["isError"], false, "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_has_nothing_to_say_about_the_metrics() {
    let host = Setup::up().await.with_hostile().start().await;
    host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    host.call("toolbox_jq", json!({ "filter": 1 })).await;
    host.call("hostile_trap", json!({})).await;
    let metrics = host.request("GET", "/metrics").send().await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"), "{metrics:?}");
    let file = host.setup().folder().join("metrics.txt");
    std::fs::write(&file, metrics.text()).expect("a file can be written");
    let mut shell = std::process::Command::new("sh");
    let promtool = program("BULKHEAD_PROMTOOL");
    let ended = run(shell.args(["-c", "\"$0\" check metrics < \"$1\""]).arg(promtool.get_program()).arg(file)).await;
    assert!(ended.status.success(), "{}{}\n{}", ended.output, ended.errors, metrics.text());
    for line in [
        "bulkhead_jobs_total{connector=\"toolbox\",tool=\"jq\",status=\"succeeded\"} 1",
        "bulkhead_jobs_total{connector=\"hostile\",tool=\"trap\",status=\"failed\"} 1",
        "bulkhead_calls_refused_total{reason=\"invalid_arguments\"} 1",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line} is not in\n{}", metrics.text());
    }
}
