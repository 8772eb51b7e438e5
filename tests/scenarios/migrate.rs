//! `bulkhead migrate`, and a host whose functions run elsewhere.

use bulkhead_system_tests::{Setup, run};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn migrating_makes_the_owner_and_doing_it_twice_changes_nothing() {
    let setup = Setup::up().await.command("migrate");
    let owner = setup.data_dir().join("owner.json");
    let mut owners = Vec::new();
    for _ in 0..2 {
        let ended = run(&mut setup.command_line()).await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
        owners.push(std::fs::read_to_string(&owner).expect("the owner is made"));
    }
    assert_eq!(owners[0], owners[1]);
    let host = setup.command("up").start().await;
    assert_eq!(host.items("/v1/jobs").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_functions_answers_mcp_and_has_no_rest() {
    let migrated = Setup::up().await.command("migrate");
    let ended = run(&mut migrated.command_line()).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);

    let host = migrated.command("serve").start().await;
    let result = host.call("toolbox_jq", json!({ "filter": ".", "input": 1 })).await;
    assert_eq!(result["isError"], false, "{result:#}");
    let problem = host.request("GET", "/v1/jobs").key(host.key()).send().await.problem(404);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unknown-path");
    assert_eq!(host.request("GET", "/health/detailed").send().await.expect(200)["checks"]["functions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_of_rest_where_it_is() {
    // Where REST is, if it is somewhere, only a configuration knows: that of a proxy which leads to Spin.
    let alone = Setup::up().await.command("serve").start().await.owner();
    assert_eq!(alone["api_url"], Value::Null, "{alone:#}");
    let setup = Setup::up().await.config("public_url = 'https://bulkhead.example.com'\n").command("migrate");
    let ended = run(&mut setup.command_line()).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
    let text = std::fs::read(setup.data_dir().join("owner.json")).expect("the owner is made");
    let behind: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(behind["api_url"], "https://bulkhead.example.com/v1", "{behind:#}");
    assert_eq!(behind["mcp_url"], "https://bulkhead.example.com/mcp");
}
