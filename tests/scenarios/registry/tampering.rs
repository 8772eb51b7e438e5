//! Content that is not what its digest or its signature says.

use std::fs;

use bulkhead_system_tests::Setup;
use serde_json::json;

use super::{CONFIG, LAYER, Registry, fixture, inspected, push, refused, signed, text_of, wider, works};

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_means_the_same_content_for_ever() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let tag = registry.reference("acme/signed:1");
    let first = push(&setup, &signed(), &tag).await;
    // The tag moves.
    let second = push(&setup, &wider(), &tag).await;
    assert_ne!(first, second);
    assert_eq!(inspected(&setup, &tag).await["version"], "2.0.0");
    assert_eq!(inspected(&setup, &first).await["version"], "1.0.0");
    let (_, digest) = first.split_once('@').expect("a digest");
    let by_digest_alone = registry.reference(&format!("acme/signed@{digest}"));
    assert_eq!(inspected(&setup, &by_digest_alone).await["version"], "1.0.0");
    works(&setup, &["add", &first]).await;
    assert_eq!(inspected(&setup, text_of(&setup.connectors().join("signed"))).await["version"], "1.0.0");

    // A registry that answers with the second where the first is asked for.
    let (_, other) = second.split_once('@').expect("a digest");
    fs::copy(registry.blob(other), registry.blob(digest)).expect("the manifests are there");
    for reference in [&first, &by_digest_alone] {
        let words = ["the registry sent other content than", digest, "was not used"];
        refused(&setup, &["add", "--replace", reference], &words).await;
    }
    assert_eq!(inspected(&setup, text_of(&setup.connectors().join("signed"))).await["version"], "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_component_is_refused() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let reference = registry.reference("acme/signed:1");
    push(&setup, &signed(), &reference).await;
    let manifest = registry.manifest("acme/signed", "1").await;
    let digest = manifest["layers"][0]["digest"].as_str().expect("a digest");
    let file = registry.blob(digest);
    let sound = fs::read(&file).expect("the blob is there");
    // Of the same length, and with something at its end that a component may have.
    let mut changed = sound.clone();
    *changed.last_mut().expect("it has content") ^= 1;
    let longer = [sound.as_slice(), &[0, 2, 1, b'v']].concat();
    for content in [&changed, &longer] {
        fs::write(&file, content).expect("a file can be written");
        refused(&setup, &["add", &reference], &["the registry sent other content than", digest]).await;
    }
    assert!(!setup.connectors().join("signed").exists());
    fs::write(&file, &sound).expect("a file can be written");
    works(&setup, &["add", &reference]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_signature_is_required_of_artifacts_too() {
    let registry = Registry::open().await;
    let key = fs::read_to_string(fixture("signed/key.pub")).expect("the fixture is there");
    let trusting = format!("[sandbox]\nrequire_signature = true\ntrusted_keys = [\"{}\"]\n", key.trim());
    let setup = Setup::up().await.config(&trusting);
    let good = registry.reference("acme/signed:1");
    push(&setup, &signed(), &good).await;
    works(&setup, &["add", &good]).await;
    assert_eq!(inspected(&setup, &good).await["signature"], json!({ "valid": true, "detail": "by a trusted key" }));

    // The manifest that asks for more, with the component and the signature of the other: each is by the same key.
    let mixed = setup.folder().join("mixed");
    fs::create_dir(&mixed).expect("a folder can be made");
    for (from, file) in [(signed(), "component.wasm"), (wider(), "connector.toml"), (wider(), "SHA256SUMS.minisig")] {
        fs::copy(from.join(file), mixed.join(file)).expect("a file can be copied");
    }
    let reference = registry.reference("acme/mixed:1");
    push(&setup, &mixed, &reference).await;
    refused(&setup, &["add", "--replace", &reference], &["was changed after they were signed together"]).await;
    let signature = inspected(&setup, &reference).await["signature"].clone();
    assert_eq!(signature["valid"], false, "{signature:#}");

    fs::remove_file(mixed.join("SHA256SUMS.minisig")).expect("it was there");
    let reference = registry.reference("acme/unsigned:1");
    push(&setup, &mixed, &reference).await;
    refused(&setup, &["add", "--replace", &reference], &["acme/unsigned:1 is not signed"]).await;
    let component = fs::read(signed().join("component.wasm")).expect("the fixture is there");
    registry.artifact("acme/alone", "1", (CONFIG, b"{}"), &[(LAYER, &component)]).await;
    let words = ["demands a signed connector.toml"];
    refused(&setup, &["add", &registry.reference("acme/alone:1")], &words).await;
    // What is installed already, and unsigned, is not used either; the pulled one is.
    let verified = refused(&setup, &["verify"], &["would not use: github, prometheus, toolbox\n"]).await.output;
    let words = verified.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert!(words.into_iter().any(|words| words == ["signed", "good"]), "{verified}");
}
