//! Adding, replacing and removing while a host serves.

use std::fs;
use std::path::PathBuf;

use bulkhead_system_tests::{Database, Setup, eventually, path};
use serde_json::{Value, json};

use super::{audited, gone, host, refused, shown, signed, text_of, tools, version, works};

/// The guest that misbehaves, as another version: the same code in a component of another digest.
fn second_hostile(setup: &Setup) -> String {
    let original = path("BULKHEAD_GUESTS_DIR").join("connector-hostile");
    let folder = setup.folder().join("hostile-2");
    fs::create_dir(&folder).expect("a folder can be made");
    let text = fs::read_to_string(original.join("connector.toml")).expect("the guest is built");
    assert!(text.contains("version = \"0.1.0\""));
    fs::write(folder.join("connector.toml"), text.replace("0.1.0", "0.2.0")).expect("a file can be written");
    let mut wasm = fs::read(original.join("component.wasm")).expect("the guest is built");
    // A custom section of the name "v" without content.
    wasm.extend_from_slice(&[0, 2, 1, b'v']);
    fs::write(folder.join("component.wasm"), wasm).expect("a file can be written");
    text_of(&folder)
}

fn first_hostile() -> String {
    text_of(&path("BULKHEAD_GUESTS_DIR").join("connector-hostile"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_added_replaced_and_removed_under_a_running_call() {
    let mut host = host().await;
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let listening = tokio::spawn(host.stateless("subscriptions/listen", filter).send());
    let second = second_hostile(host.setup());

    // The second version first, so that replacing with it later takes no time for compiling.
    works(host.setup(), &["add", &second]).await;
    let new = shown(&host, "hostile", "0.2.0").await["digest"].clone();
    refused(host.setup(), &["add", &first_hostile()], &["hostile is installed already", "--replace"]).await;
    works(host.setup(), &["add", "--replace", &first_hostile()]).await;
    let old = shown(&host, "hostile", "0.1.0").await["digest"].clone();
    assert_ne!(old, new);
    assert!(tools(&host).await.contains(&"hostile_sleep".to_owned()));

    let slow = tokio::spawn(host.tool_call("hostile_sleep", &json!({ "ms": 8000 })).send());
    eventually("the slow call runs", async || host.items("/v1/jobs?status=running").await.into_iter().next()).await;
    works(host.setup(), &["add", "--replace", &second]).await;
    shown(&host, "hostile", "0.2.0").await;
    let quick = host.call("hostile_sleep", json!({ "ms": 1 })).await;
    assert_eq!(host.job_of(&quick).await["connector_digest"], new);
    assert!(!slow.is_finished(), "the slow call did not outlast the replacement, so nothing is shown");
    let ended = slow.await.expect("is not aborted").expect(200);
    assert_eq!(ended["result"]["isError"], Value::Bool(false), "{ended:#}");
    let job = host.job_of(&ended["result"]).await;
    assert_eq!((&job["status"], &job["connector_digest"]), (&json!("succeeded"), &old));

    works(host.setup(), &["remove", "hostile"]).await;
    gone(&host, "hostile").await;
    let called = host.tool_call("hostile_sleep", &json!({ "ms": 1 })).send().await;
    assert_eq!(called.json()["error"]["code"], -32602, "{}", called.text());

    let succeeded = |outcomes: Vec<(String, Value)>| outcomes.iter().all(|(outcome, _)| outcome == "succeeded");
    for (action, times) in [("connector.install", 1), ("connector.upgrade", 2), ("connector.remove", 1)] {
        let entries = audited(&host, action, "hostile").await;
        assert_eq!(entries.len(), times, "{action}");
        assert!(succeeded(entries), "{action}");
    }
    host.signal("INT");
    host.wait().await;
    let heard = listening.await.expect("is not aborted").text();
    let told = heard.matches("notifications/tools/list_changed").count();
    assert!(told >= 4, "told {told} times: {heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_version_never_takes_down_the_one_before_it() {
    let host = host().await;
    works(host.setup(), &["add", &text_of(&signed())]).await;
    let digest = shown(&host, "signed", "1.0.0").await["digest"].clone();
    let file = host.setup().connectors().join("signed/component.wasm");
    let answers = async || {
        let called = host.call("signed_answer", json!({})).await;
        assert_eq!(host.job_of(&called).await["connector_digest"], digest, "{called:#}");
    };
    answers().await;
    fs::write(&file, "hello").expect("a file can be written");
    said(&host, "this version is not used").await;
    answers().await;
    let verify = refused(host.setup(), &["verify"], &["would not use: signed"]).await;
    assert!(verify.output.contains("toolbox"), "{}", verify.output);
    // It is not installed by the command either.
    let broken = text_of(file.parent().expect("a folder"));
    refused(host.setup(), &["add", "--replace", &broken], &["connector signed"]).await;

    // And once it is whole again, it is used.
    works(host.setup(), &["add", "--replace", &version(host.setup(), "2.0.0", "")]).await;
    shown(&host, "signed", "2.0.0").await;
    works(host.setup(), &["verify"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_processes_sees_a_change_and_tells_its_own_subscribers() {
    let config = "[sandbox]\nconnectors_poll_ms = 100\n";
    let one = Setup::on(Database::postgres().await).await.config(config).start().await;
    let mut two = Setup::beside(&one).await.config(config).start().await;
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let listening = tokio::spawn(two.stateless("subscriptions/listen", filter).send());
    works(one.setup(), &["add", &text_of(&signed())]).await;
    for host in [&one, &two] {
        let listed = async || tools(host).await.contains(&"signed_answer".to_owned()).then_some(());
        eventually("the tool is listed", listed).await;
        let called = host.call("signed_answer", json!({})).await;
        assert_eq!(called["isError"], Value::Bool(false), "{called:#}");
    }
    two.signal("INT");
    two.wait().await;
    let heard = listening.await.expect("is not aborted").text();
    assert!(heard.contains("notifications/tools/list_changed"), "{heard}");
    // Whichever was quicker, it was installed once.
    assert_eq!(audited(&one, "connector.install", "signed").await, [("succeeded".to_owned(), Value::Null)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_alone_becomes_a_connector() {
    let host = host().await;
    let file = text_of(&signed().join("component.wasm"));
    works(host.setup(), &["add", &file, "--slug", "oracle"]).await;
    let answer = eventually("the tool is listed", async || {
        tools(&host).await.contains(&"oracle_answer".to_owned()).then_some(())
    });
    answer.await;
    let called = host.call("oracle_answer", json!({})).await;
    assert!(called["structuredContent"].to_string().contains("42"), "{called:#}");
    let left: Vec<PathBuf> = host.setup().connectors().read_dir().expect("reads").flatten().map(|e| e.path()).collect();
    assert!(left.iter().all(|path| path.file_name().is_none_or(|name| name.as_encoded_bytes()[0] != b'.')), "{left:?}");
    refused(host.setup(), &["remove", "nothing"], &["has no connector nothing"]).await;
}

async fn said(host: &bulkhead_system_tests::Host, words: &str) {
    eventually(&format!("the host says {words:?}"), async || host.log().contains(words).then_some(())).await;
}
