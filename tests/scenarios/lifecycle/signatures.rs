//! Connectors that must be signed.

use std::fs;
use std::path::PathBuf;

use bulkhead_system_tests::Setup;
use serde_json::json;

use super::{refused, signed, text_of, version, works};

fn config(key: &str) -> String {
    let key = fs::read_to_string(signed().join(key)).expect("the fixture is there");
    let key = key.trim();
    format!("[sandbox]\nconnectors_poll_ms = 100\nrequire_signature = true\ntrusted_keys = [\"{key}\"]\n")
}

/// With the signed connector alone.
async fn setup(key: &str) -> (Setup, PathBuf) {
    let setup = Setup::up().await.config(&config(key));
    fs::remove_dir_all(setup.connectors()).expect("it was there");
    let folder = setup.connectors().join("signed");
    fs::create_dir_all(&folder).expect("a folder can be made");
    for file in ["component.wasm", "connector.toml", "SHA256SUMS.minisig"] {
        fs::copy(signed().join(file), folder.join(file)).expect("a file can be copied");
    }
    (setup, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trusted_key_signed_is_used() {
    let (setup, folder) = setup("key.pub").await;
    works(&setup, &["verify"]).await;
    let host = setup.start().await;
    let called = host.call("signed_answer", json!({})).await;
    assert_eq!(called["isError"], json!(false), "{called:#}");
    // Neither is anything else installed, nor taken up.
    let unsigned = version(host.setup(), "2.0.0", "");
    refused(
        host.setup(),
        &["add", "--replace", &unsigned],
        &["is not signed: sandbox.require_signature demands SHA256SUMS.minisig"],
    )
    .await;
    let file = text_of(&signed().join("component.wasm"));
    refused(host.setup(), &["add", &file, "--slug", "oracle"], &["signed connector.toml"]).await;
    let manifest = folder.join("connector.toml");
    let text = fs::read_to_string(&manifest).expect("it is there");
    fs::write(&manifest, text.replace("1.0.0", "1.0.1")).expect("a file can be written");
    bulkhead_system_tests::eventually("the host says why", async || {
        host.log().contains("was changed after they were signed together").then_some(())
    })
    .await;
    assert_eq!(host.call("signed_answer", json!({})).await["isError"], json!(false));
    refused(host.setup(), &["verify"], &["would not use: signed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_is_refused_by_name() {
    let (other, _) = setup("other.pub").await;
    assert!(other.refusal().await.contains("were signed together, or none of sandbox.trusted_keys signed them"));
    let (unsigned, folder) = setup("key.pub").await;
    fs::remove_file(folder.join("SHA256SUMS.minisig")).expect("it was there");
    assert!(unsigned.refusal().await.contains("/signed is not signed"));
    let (changed, folder) = setup("key.pub").await;
    let mut wasm = fs::read(folder.join("component.wasm")).expect("it is there");
    wasm.extend_from_slice(&[0, 2, 1, b'v']);
    fs::write(folder.join("component.wasm"), wasm).expect("a file can be written");
    assert!(changed.refusal().await.contains("/signed: component.wasm or connector.toml was changed"));
    let nobody = Setup::up().await.config("[sandbox]\nrequire_signature = true\n");
    assert!(nobody.refusal().await.contains("trusted_keys names no key"));
    let nonsense = Setup::up().await.config("[sandbox]\ntrusted_keys = ['nonsense']\n");
    assert!(nonsense.refusal().await.contains("\"nonsense\" is not a minisign public key"));
}
