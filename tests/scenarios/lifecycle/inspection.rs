//! What `inspect` shows before anything is installed.

use std::fs;

use bulkhead_system_tests::{Setup, path};
use serde_json::{Value, json};

use super::{refused, signed, text_of, version, works};

async fn inspected(setup: &Setup, path: &str) -> Value {
    let output = works(setup, &["inspect", path, "--json"]).await.output;
    serde_json::from_str(&output).expect("the report is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_keeps_the_contract() {
    let setup = Setup::up().await;
    let github = text_of(&path("BULKHEAD_CONNECTORS_DIR").join("github"));
    let report = inspected(&setup, &github).await;
    assert_eq!(
        (&report["kind"], &report["slug"], &report["usable"]),
        (&json!("contract"), &json!("github"), &json!(true))
    );
    let names =
        |field: &str| report[field].as_array().expect("a list").iter().map(Value::to_string).collect::<Vec<_>>();
    assert!(names("interfaces").iter().any(|name| name.contains("tools@0.2.0")), "{report:#}");
    assert!(names("imports").iter().any(|name| name.contains("wasi:http/outgoing-handler@0.2.")), "{report:#}");
    assert!(
        report["tools"].as_array().expect("a list").iter().any(|tool| tool["name"] == "create_issue"),
        "{report:#}"
    );
    let access = json!({
        "to": { "setting": { "name": "base_url", "default": "https://api.github.com" } },
        "method": "POST",
        "path": "/repos/*/*/issues",
    });
    assert!(report["requests"]["outbound"].as_array().expect("a list").contains(&access), "{report:#}");
    assert_eq!(report["requests"]["credentials"][0]["name"], "token", "{report:#}");
    let text = works(&setup, &["inspect", &github]).await.output;
    for words in ["keeps the contract: ", "sha256:", "ASKS FOR", "credential token", "log_storage_url", "create_issue"]
    {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    assert!(!setup.data_dir().join("bulkhead.db").exists(), "inspecting has touched the database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_alone() {
    let setup = Setup::up().await;
    let file = signed().join("component.wasm");
    let report = inspected(&setup, &text_of(&file)).await;
    assert_eq!((&report["kind"], &report["slug"]), (&json!("plain"), &Value::Null));
    assert_eq!((&report["exports"], &report["imports"]), (&json!(["answer"]), &json!([])));
    assert_eq!(report["tools"][0]["name"], "answer", "{report:#}");
    assert_eq!(report["bytes"], fs::metadata(&file).expect("the fixture is there").len());
    assert_eq!(report["requests"]["outbound"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_used_says_why() {
    let setup = Setup::up().await;
    let text = setup.folder().join("text.wasm");
    fs::write(&text, "hello").expect("a file can be written");
    refused(&setup, &["inspect", &text_of(&text)], &["text.wasm is no WebAssembly component"]).await;
    refused(&setup, &["inspect", "nothing.wasm"], &["nothing.wasm can't be read"]).await;
    let folder = version(
        &setup,
        "2.0.0",
        "[[credentials]]\nname = 'x'\ndescription = 'X.'\naudience = 'a.test'\nheader = 'x'\n",
    );
    let report = inspected(&setup, &folder).await;
    assert_eq!(report["usable"], false);
    assert!(report["problem"].to_string().contains("no [[outbound]] entry reaches"), "{report:#}");
}
