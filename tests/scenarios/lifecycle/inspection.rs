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
async fn functions_that_are_no_tools_are_named() {
    let setup = Setup::up().await;
    let types = text_of(&path("BULKHEAD_GUESTS_DIR").join("plain-types"));
    let report = inspected(&setup, &types).await;
    let left_out = report["left_out"].as_array().expect("a list");
    let constructor = left_out.iter().find(|one| one["function"] == "test:plain/counters@1.2.0.[constructor]counter");
    let reason = constructor.expect("it is left out")["reason"].as_str().expect("a reason");
    assert!(reason.contains("a resource (own)"), "{reason}");
    assert!(!report["tools"].as_array().expect("a list").is_empty(), "{report:#}");
    let text = works(&setup, &["inspect", &types]).await.output;
    let (_, listed) = text.split_once("NO TOOL").unwrap_or_else(|| panic!("nothing is left out in: {text}"));
    for one in left_out {
        assert!(listed.contains(one["function"].as_str().expect("a name")), "{listed}");
    }
    assert!(listed.contains("a resource (borrow)"), "{listed}");

    let signed = text_of(&signed());
    assert_eq!(inspected(&setup, &signed).await["left_out"], json!([]));
    assert!(!works(&setup, &["inspect", &signed]).await.output.contains("NO TOOL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_signed_and_is_not_is_read_but_never_run() {
    let key = fs::read_to_string(signed().join("key.pub")).expect("the fixture is there");
    let trusting = |keys: &str| format!("[sandbox]\nrequire_signature = true\ntrusted_keys = [\"{keys}\"]\n");
    let setup = Setup::up().await.config(&trusting(key.trim()));
    let report = inspected(&setup, &text_of(&signed())).await;
    assert_eq!((&report["usable"], &report["tools"][0]["name"]), (&json!(true), &json!("answer")), "{report:#}");

    // By nobody, of another manifest, and a component alone, which nobody could have signed with one.
    let unsigned = version(&setup, "2.0.0", "");
    let changed = version(&setup, "3.0.0", "");
    fs::copy(signed().join("SHA256SUMS.minisig"), setup.folder().join("signed-3.0.0/SHA256SUMS.minisig"))
        .expect("a file can be copied");
    let alone = text_of(&signed().join("component.wasm"));
    for (source, why) in
        [(&unsigned, "is not signed"), (&changed, "was changed after"), (&alone, "no signed connector")]
    {
        let report = inspected(&setup, source).await;
        assert_eq!((&report["usable"], &report["tools"]), (&json!(false), &json!([])), "{report:#}");
        let problem = report["problem"].as_str().expect("a problem");
        assert!(problem.starts_with("it was not run") && problem.contains(why), "{problem}");
        assert_eq!(report["signature"]["valid"], false, "{report:#}");
        // What is read without running it is there.
        assert_eq!((&report["exports"], &report["imports"]), (&json!(["answer"]), &json!([])), "{report:#}");
        assert!(report["digest"].as_str().expect("a digest").starts_with("sha256:"), "{report:#}");
    }
    assert_eq!(inspected(&setup, &unsigned).await["version"], "2.0.0");
    let text = works(&setup, &["inspect", &unsigned]).await.output;
    assert!(text.contains("no: it was not run") && text.contains("ASKS FOR"), "{text}");

    // One that would not let itself be described is not even asked to.
    let hostile = text_of(&path("BULKHEAD_GUESTS_DIR").join("connector-hostile"));
    let report = inspected(&setup, &hostile).await;
    assert!(report["problem"].to_string().contains("it was not run"), "{report:#}");
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
