//! A version that asks for more waits for its operator.

use bulkhead_system_tests::eventually;
use serde_json::{Value, json};

use super::{audited, connector, gone, host, refused, shown, signed, text_of, tools, version, works};

const MORE: &str = "[[outbound]]\nhost = \"api.example.com\"\nmethods = [\"POST\"]\npaths = [\"/v1/*\"]\n";

async fn status(host: &bulkhead_system_tests::Host) -> Value {
    let listed = works(host.setup(), &["list", "--json"]).await.output;
    let listed: Value = serde_json::from_str(&listed).expect("the list is JSON");
    let signed = listed.as_array().expect("a list").iter().find(|entry| entry["slug"] == "signed");
    signed.expect("it is listed")["status"].clone()
}

/// The versions of the connector that the host tells of, and how each is.
async fn health(host: &bulkhead_system_tests::Host) -> Vec<(String, Value)> {
    let health = host.request("GET", "/health/detailed").send().await.expect(200);
    let all = health["checks"]["connectors"].as_array().expect("connectors").clone();
    let signed = all.iter().filter(|connector| connector["slug"] == "signed");
    signed
        .map(|connector| (connector["version"].as_str().unwrap_or_default().to_owned(), connector["status"].clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn more_is_not_used_until_it_is_approved() {
    let mut host = host().await;
    works(host.setup(), &["add", &text_of(&signed())]).await;
    shown(&host, "signed", "1.0.0").await;
    assert_eq!(status(&host).await, "approved");

    let more = version(host.setup(), "2.0.0", MORE);
    let added = works(host.setup(), &["add", "--replace", &more]).await.errors;
    assert!(
        added.contains("connector approve signed") && added.contains("POST https://api.example.com/v1/*"),
        "{added}"
    );
    let words = "asks for more than what was approved";
    eventually("the host says why", async || host.log().contains(words).then_some(())).await;
    // The version before goes on.
    shown(&host, "signed", "1.0.0").await;
    let called = host.call("signed_answer", json!({})).await;
    assert_eq!(called["isError"], Value::Bool(false), "{called:#}");
    assert_eq!(status(&host).await, "waits for approval");
    let both = [("1.0.0".to_owned(), json!("ok")), ("2.0.0".to_owned(), json!("waits_for_approval"))];
    eventually("the host's health tells it", async || (health(&host).await == both).then_some(())).await;
    refused(host.setup(), &["verify"], &["would not use: signed"]).await;
    let table = works(host.setup(), &["list"]).await.output;
    assert!(table.contains("waits for approval: POST https://api.example.com/v1/*"), "{table}");
    assert_eq!(audited(&host, "connector.upgrade", "signed").await, [("refused".to_owned(), json!("asks_for_more"))]);

    // A host that starts has no version before, and leaves it out.
    host.kill();
    host.start_again().await;
    gone(&host, "signed").await;
    assert!(tools(&host).await.contains(&"toolbox_jq".to_owned()));
    assert_eq!(health(&host).await, [("2.0.0".to_owned(), json!("waits_for_approval"))]);

    let asked = refused(host.setup(), &["approve", "signed"], &["--yes"]).await;
    assert!(asked.output.contains("POST https://api.example.com/v1/*"), "{}", asked.output);
    gone(&host, "signed").await;
    works(host.setup(), &["approve", "signed", "--yes"]).await;
    shown(&host, "signed", "2.0.0").await;
    assert_eq!(health(&host).await, [("2.0.0".to_owned(), json!("ok"))]);
    assert_eq!(status(&host).await, "approved");
    assert_eq!(audited(&host, "connector.approve", "signed").await, [("succeeded".to_owned(), Value::Null)]);
    let again = works(host.setup(), &["approve", "signed"]).await.errors;
    assert!(again.contains("approved already"), "{again}");

    // Less is taken at once, and more than that waits again.
    works(host.setup(), &["add", "--replace", &version(host.setup(), "3.0.0", "")]).await;
    shown(&host, "signed", "3.0.0").await;
    works(host.setup(), &["add", "--replace", &more]).await;
    assert_eq!(status(&host).await, "waits for approval");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_removed_is_a_first_version_again() {
    let host = host().await;
    works(host.setup(), &["add", &text_of(&signed())]).await;
    shown(&host, "signed", "1.0.0").await;
    works(host.setup(), &["remove", "signed"]).await;
    gone(&host, "signed").await;
    works(host.setup(), &["add", &version(host.setup(), "2.0.0", MORE)]).await;
    shown(&host, "signed", "2.0.0").await;
    let nothing = connector(host.setup(), &["approve", "nothing", "--yes"]).await;
    assert!(nothing.errors.contains("has no connector nothing"), "{}", nothing.errors);
}
