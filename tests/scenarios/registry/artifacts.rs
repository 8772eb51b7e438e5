//! What is pushed is what is pulled, and what other tools expect to find.

use std::fs;

use bulkhead_system_tests::{Setup, eventually};
use serde_json::{Value, json};

use super::{CONFIG, LAYER, MANIFEST, Registry, inspected, push, refused, sha256, signed, text_of, wider, works};

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_pushed_pulled_and_called() {
    let registry = Registry::open().await;
    let host = Setup::up().await.config("[sandbox]\nconnectors_poll_ms = 100\n").start().await;
    let reference = registry.reference("acme/tools/signed:1.0.0");
    let exactly = push(host.setup(), &signed(), &reference).await;
    let digest = exactly.strip_prefix(&format!("{reference}@")).expect("the reference with a digest").to_owned();
    // The same content is the same artifact, whenever it is pushed.
    assert_eq!(push(host.setup(), &signed(), &reference).await, exactly);

    let report = inspected(host.setup(), &reference).await;
    assert_eq!(report["origin"], json!({ "reference": reference, "manifest_digest": digest }));
    assert_eq!((&report["slug"], &report["usable"]), (&json!("signed"), &json!(true)));
    let component = fs::read(signed().join("component.wasm")).expect("the fixture is there");
    assert_eq!(report["digest"], sha256(&component));
    assert!(!host.setup().connectors().join("signed").exists(), "inspecting has installed it");

    works(host.setup(), &["add", &reference]).await;
    let called = eventually("it is taken up", async || {
        let answer = host.tool_call("signed_answer", &json!({})).send().await.json();
        answer["result"].is_object().then(|| answer["result"].clone())
    })
    .await;
    assert!(called["structuredContent"].to_string().contains("42"), "{called:#}");
    let listed = works(host.setup(), &["list", "--json"]).await.output;
    let listed: Value = serde_json::from_str(&listed).expect("the list is JSON");
    let entry = listed.as_array().expect("a list").iter().find(|entry| entry["slug"] == "signed").expect("listed");
    assert_eq!(entry["origin"], json!({ "reference": reference, "manifest_digest": digest }));
    let table = works(host.setup(), &["list"]).await.output;
    assert!(table.contains(&reference), "{table}");
    let installed = host.setup().connectors().join("signed");
    assert_eq!(inspected(host.setup(), text_of(&installed)).await["origin"], entry["origin"]);
    for file in ["component.wasm", "connector.toml", "SHA256SUMS.minisig"] {
        let read = |folder: &std::path::Path| fs::read(folder.join(file)).expect("it is there");
        assert_eq!(read(&installed), read(&signed()), "{file}");
    }
    // From a folder it comes from nowhere, whatever lies there.
    works(host.setup(), &["add", "--replace", text_of(&signed())]).await;
    assert_eq!(inspected(host.setup(), text_of(&installed)).await["origin"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_layout_is_what_wkg_and_wassette_expect() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    push(&setup, &signed(), &registry.reference("acme/signed:1")).await;
    let manifest = registry.manifest("acme/signed", "1").await;
    assert_eq!((&manifest["schemaVersion"], &manifest["mediaType"]), (&json!(2), &json!(MANIFEST)));
    assert_eq!(manifest["config"]["mediaType"], CONFIG);
    let layers = manifest["layers"].as_array().expect("layers");
    // wkg and Wassette's first versions refuse an artifact with more than one.
    assert_eq!(layers.len(), 1, "{manifest:#}");
    let component = fs::read(signed().join("component.wasm")).expect("the fixture is there");
    assert_eq!(layers[0]["mediaType"], LAYER);
    assert_eq!(layers[0]["size"], component.len());
    assert_eq!(layers[0]["digest"], sha256(&component));
    let config = format!("/v2/acme/signed/blobs/{}", manifest["config"]["digest"].as_str().expect("a digest"));
    let config = registry.get(&config).await.expect(200);
    assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip2")));
    assert_eq!(config["layerDigests"], json!([sha256(&component)]));
    assert_eq!(config["component"], json!({ "exports": ["answer"], "imports": [] }));
    assert!(config["created"].is_string(), "{config:#}");
    let text = fs::read_to_string(signed().join("connector.toml")).expect("the fixture is there");
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["bulkhead.connector.toml"], text);
    assert!(annotations["bulkhead.connector.minisig"].to_string().contains("trusted comment"), "{annotations:#}");
    assert_eq!(annotations["org.opencontainers.image.version"], "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_alone_is_one_here_too() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let component = fs::read(signed().join("component.wasm")).expect("the fixture is there");
    // As any other tool would have put it there.
    let config =
        (CONFIG, br#"{"created":"2026-01-01T00:00:00Z","author":null,"architecture":"wasm","os":"wasip2"}"#.as_slice());
    registry.artifact("acme/get_answer", "latest", config, &[(LAYER, &component)]).await;
    let reference = registry.reference("acme/get_answer");
    let report = inspected(&setup, &reference).await;
    assert_eq!((&report["slug"], &report["tools"][0]["name"]), (&Value::Null, &json!("answer")));
    works(&setup, &["add", &reference]).await;
    works(&setup, &["add", &reference, "--slug", "oracle"]).await;
    let mut manifest = fs::read_to_string(wider().join("connector.toml")).expect("the fixture is there");
    manifest = manifest.replace("\"signed\"", "\"wide\"");
    let file = setup.folder().join("wide.toml");
    fs::write(&file, manifest).expect("a file can be written");
    works(&setup, &["add", &reference, "--connector-toml", text_of(&file)]).await;
    for slug in ["get-answer", "oracle", "wide"] {
        let report = inspected(&setup, text_of(&setup.connectors().join(slug))).await;
        assert_eq!((&report["slug"], &report["usable"]), (&json!(slug), &json!(true)));
        let asks = report["requests"]["outbound"].as_array().map(Vec::len);
        assert_eq!(asks, Some(usize::from(slug == "wide")), "{report:#}");
    }

    push(&setup, &signed().join("component.wasm"), &registry.reference("acme/alone:1")).await;
    let manifest = registry.manifest("acme/alone", "1").await;
    assert_eq!((&manifest["layers"][0]["mediaType"], &manifest["annotations"]), (&json!(LAYER), &Value::Null));
    let both = registry.reference("acme/whole:1");
    push(&setup, &signed(), &both).await;
    refused(&setup, &["add", &both, "--slug", "other"], &["the artifact's connector.toml says what it is"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_beside_the_component_are_told_of_and_left_alone() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let component = fs::read(signed().join("component.wasm")).expect("the fixture is there");
    // As Wassette puts a component and its policy there.
    let policy = "application/vnd.wasm.policy.v1+yaml";
    let allows = b"version: \"1.0\"\npermissions: {network: {allow: [{host: example.com}]}}\n".as_slice();
    let image = ("application/vnd.oci.image.config.v1+json", br#"{"architecture":"wasm","os":"wasip2"}"#.as_slice());
    registry.artifact("acme/answer", "1", image, &[(policy, allows), (LAYER, &component)]).await;
    let reference = registry.reference("acme/answer:1");
    let report = inspected(&setup, &reference).await;
    assert_eq!((&report["ignored_layers"], &report["usable"]), (&json!([policy]), &json!(true)));
    assert_eq!((&report["digest"], &report["requests"]["outbound"]), (&json!(sha256(&component)), &json!([])));
    let text = works(&setup, &["inspect", &reference]).await.output;
    assert!(text.contains(&format!("other layers: {policy}")), "{text}");
    works(&setup, &["add", &reference]).await;
    let installed = setup.connectors().join("answer");
    assert_eq!(fs::read(installed.join("component.wasm")).expect("it is there"), component);
    assert_eq!(inspected(&setup, text_of(&installed)).await["ignored_layers"], json!([]));

    // What the policy holds is of no concern, so neither is its digest. The component's is.
    let manifest = registry.manifest("acme/answer", "1").await;
    let blob = |layer: usize| registry.blob(manifest["layers"][layer]["digest"].as_str().expect("a digest"));
    fs::write(blob(0), "changed").expect("a file can be written");
    works(&setup, &["add", "--replace", &reference]).await;
    fs::write(blob(1), "changed").expect("a file can be written");
    refused(&setup, &["add", "--replace", &reference], &["the registry sent other content than"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_something_else_is_refused_by_name() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let add = async |name: &str, words: &[&str]| {
        refused(&setup, &["add", &registry.reference(name)], words).await;
        refused(&setup, &["inspect", &registry.reference(name)], words).await;
    };
    let image = "application/vnd.oci.image.config.v1+json";
    registry.artifact("some/image", "1", (image, b"{}"), &[("application/vnd.oci.image.layer.v1.tar", b"x")]).await;
    let tar = "application/vnd.oci.image.layer.v1.tar";
    add("some/image:1", &["some/image:1 is no Wasm artifact: none of its layers is a component", tar]).await;
    let chart = "application/vnd.cncf.helm.config.v1+json";
    registry.artifact("some/chart", "1", (chart, b"{}"), &[(LAYER, b"x")]).await;
    add("some/chart:1", &["is no Wasm artifact: its configuration is of the type", chart]).await;
    registry.artifact("some/layers", "1", (CONFIG, b"{}"), &[(LAYER, b"x"), (LAYER, b"y")]).await;
    add("some/layers:1", &["is no Wasm artifact", "2 of its layers are components"]).await;
    registry.artifact("some/text", "1", (CONFIG, b"{}"), &[(LAYER, b"hello")]).await;
    add("some/text:1", &["some/text:1 is no Wasm artifact: its layer is no WebAssembly component"]).await;
    add("some/image:2", &["some/image:2: the registry has no such artifact"]).await;
    add("nobody/nothing", &["nobody/nothing:latest: the registry has no such artifact"]).await;

    let text = setup.folder().join("text.wasm");
    fs::write(&text, "hello").expect("a file can be written");
    let target = registry.reference("some/thing:1");
    refused(&setup, &["push", text_of(&text), &target], &["there is no WebAssembly component"]).await;
    let exactly = push(&setup, &signed(), &target).await;
    refused(&setup, &["push", text_of(&signed()), &exactly], &["give a tag alone"]).await;
    for reference in ["oci://somebody:hunter2@127.0.0.1/a", "oci://some/thing"] {
        let ended = refused(&setup, &["add", reference], &["oci://REGISTRY/REPOSITORY"]).await;
        assert!(!ended.errors.contains("hunter2"), "{}", ended.errors);
    }
}
