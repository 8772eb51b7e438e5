//! What must never be in a log, however much is logged.

use bulkhead_system_tests::Setup;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_in_the_log_even_when_everything_is_logged() {
    let mut host = Setup::up().await.arguments(&["--log", "trace"]).start().await;
    host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    host.job("toolbox", "jq", json!({ "filter": ".", "input": 1 })).await;
    let wrong = host.key().replace("bhk_", "bhk_f");
    assert_eq!(host.request("GET", "/v1/jobs").key(&wrong).send().await.status, 401);
    let internal = std::fs::read_to_string(host.data_dir().join("internal.key")).expect("the host has made its key");
    let password = host.setup().database().url().and_then(|url| url.split([':', '@']).nth(2)).map(str::to_owned);
    host.signal("INT");
    assert_eq!(host.wait().await.code(), Some(0));

    let log = host.log();
    assert!(log.contains("TRACE"), "not everything is logged");
    let secrets = [Some(host.key().to_owned()), Some(internal.trim().to_owned()), password, Some(wrong)];
    for secret in secrets.into_iter().flatten() {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&secret)).take(3).collect();
        assert!(lines.is_empty(), "a secret is in the log:\n{}", lines.join("\n"));
    }
}
