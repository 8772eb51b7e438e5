//! Connectors from their inspection to their removal, also while a host serves.

mod approval;
mod inspection;
mod serving;
mod signatures;

use std::fs;
use std::path::{Path, PathBuf};

use bulkhead_system_tests::{Ended, Host, Setup, eventually, run};
use serde_json::{Value, json};

/// A host that looks at its folder often.
async fn host() -> Host {
    Setup::up().await.config("[sandbox]\nconnectors_poll_ms = 100\n").start().await
}

/// Runs `bulkhead connector`.
async fn connector(setup: &Setup, arguments: &[&str]) -> Ended {
    run(&mut setup.other_command(&[&["connector"], arguments].concat())).await
}

/// The same, where it must work.
pub(crate) async fn works(setup: &Setup, arguments: &[&str]) -> Ended {
    let ended = connector(setup, arguments).await;
    assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.errors);
    ended
}

/// The same, where it must be refused with these words.
pub(crate) async fn refused(setup: &Setup, arguments: &[&str], words: &[&str]) -> Ended {
    let ended = connector(setup, arguments).await;
    assert_eq!(ended.status.code(), Some(1), "{arguments:?} was not refused: {}", ended.errors);
    for word in words {
        assert!(ended.errors.contains(word), "{word:?} is not in: {}", ended.errors);
    }
    ended
}

/// A connector that knows the answer and asks for nothing, with its signatures.
fn signed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/signed")
}

/// A version of it in a folder of its own, with more in its manifest.
fn version(setup: &Setup, version: &str, more: &str) -> String {
    let folder = setup.folder().join(format!("signed-{version}"));
    fs::create_dir_all(&folder).expect("a folder can be made");
    let text = fs::read_to_string(signed().join("connector.toml")).expect("the fixture is there");
    let text = text.replace("version = \"1.0.0\"", &format!("version = \"{version}\""));
    fs::write(folder.join("connector.toml"), format!("{text}\n{more}")).expect("a file can be written");
    fs::copy(signed().join("component.wasm"), folder.join("component.wasm")).expect("a file can be copied");
    text_of(&folder)
}

fn text_of(path: &Path) -> String {
    path.to_str().expect("a path of plain letters").to_owned()
}

/// The names of the tools that MCP lists.
async fn tools(host: &Host) -> Vec<String> {
    let answer = host.stateless("tools/list", json!({})).send().await.expect(200);
    let tools = answer["result"]["tools"].as_array().expect("a list").clone();
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

/// Waits until REST shows this version of a connector, and gives it.
async fn shown(host: &Host, slug: &str, version: &str) -> Value {
    eventually(&format!("{slug} {version} is shown"), async || {
        let reply = host.request("GET", &format!("/v1/connectors/{slug}")).key(host.key()).send().await;
        (reply.status == 200).then(|| reply.json()).filter(|connector| connector["version"] == version)
    })
    .await
}

/// Waits until neither door shows a connector.
async fn gone(host: &Host, slug: &str) {
    eventually(&format!("{slug} is gone"), async || {
        let reply = host.request("GET", &format!("/v1/connectors/{slug}")).key(host.key()).send().await;
        let listed = tools(host).await.iter().any(|tool| tool.starts_with(&format!("{slug}_")));
        (reply.status == 404 && !listed).then_some(())
    })
    .await;
}

/// Outcome and reason of the audit entries of an action on a connector.
async fn audited(host: &Host, action: &str, slug: &str) -> Vec<(String, Value)> {
    let entries = host.audit(&format!("action={action}")).await;
    let of_slug = entries.iter().filter(|entry| entry["target"]["id"] == slug);
    of_slug.map(|entry| (entry["outcome"].as_str().unwrap_or_default().to_owned(), entry["reason"].clone())).collect()
}
