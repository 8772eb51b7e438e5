//! `/v1/connectors`

use bulkhead_function_tools::{describe, router};
use bulkhead_testkit::functions::Harness;

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

#[tokio::test]
async fn connectors_are_listed_by_slug() {
    let answer = harness().await.get("/v1/connectors").await.with_status(200);
    let slugs: Vec<_> = answer.json["items"].as_array().expect("items").iter().map(|item| &item["slug"]).collect();
    assert_eq!(slugs, ["broken", "empty", "toolbox"]);
    assert!(answer.json["next"].is_null());
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn one_connector_is_read_by_its_slug() {
    let answer = harness().await.get("/v1/connectors/toolbox").await.with_status(200);
    assert_eq!((&answer.json["slug"], &answer.json["auth_type"]), (&"toolbox".into(), &"none".into()));
}

#[tokio::test]
async fn a_connectors_tools_come_with_their_schemas() {
    let harness = harness().await;
    let answer = harness.get("/v1/connectors/toolbox/tools").await.with_status(200);
    let tools = answer.json["items"].as_array().expect("items");
    assert_eq!((tools.len(), &tools[0]["name"]), (2, &"jq".into()));
    assert_eq!(tools[0]["input_schema"]["required"], serde_json::json!(["filter", "input"]));
    assert_eq!(tools[0]["annotations"]["readOnlyHint"], true);
    let answer = harness.get("/v1/connectors/empty/tools").await.with_status(200);
    assert_eq!(answer.json["items"], serde_json::json!([]));
}

#[tokio::test]
async fn an_unknown_connector_is_a_404_also_when_it_is_no_name_at_all() {
    let harness = harness().await;
    for slug in ["nothing", "Toolbox", "a%00b", "..%2f..%2fetc", "%27%20OR%201%3D1", &"x".repeat(500)] {
        harness.get(&format!("/v1/connectors/{slug}")).await.refused(404, "unknown-connector");
        harness.get(&format!("/v1/connectors/{slug}/tools")).await.refused(404, "unknown-connector");
    }
}
