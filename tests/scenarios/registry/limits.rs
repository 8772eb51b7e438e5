//! How large an artifact may be, and registries that do not answer.

use std::fs;
use std::path::{Path, PathBuf};

use bulkhead_system_tests::Setup;
use wasm_encoder::{ComponentSection as _, CustomSection};

use super::{Registry, push, refused, signed, text_of, works};
use crate::prometheus::free_port;

/// A component of so many bytes: more than a section's length takes two bytes for.
fn component(setup: &Setup, bytes: usize) -> PathBuf {
    let mut wasm = fs::read(signed().join("component.wasm")).expect("the fixture is there");
    // The section's kind, its length, and its name with its own length.
    let around = 1 + 3 + 2;
    let data = vec![0; bytes - wasm.len() - around];
    CustomSection { name: "p".into(), data: data.into() }.append_to_component(&mut wasm);
    assert_eq!(wasm.len(), bytes);
    let file = setup.folder().join(format!("c{bytes}.wasm"));
    fs::write(&file, wasm).expect("a file can be written");
    file
}

fn set(setup: &Setup, config: &str) {
    fs::write(setup.folder().join("bulkhead.toml"), config).expect("a file can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_may_be_so_large() {
    const MIB: usize = 1 << 20;
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let (fits, too_large) = (component(&setup, MIB), component(&setup, MIB + 1));
    let (small, large) = (registry.reference("acme/small:1"), registry.reference("acme/large:1"));
    push(&setup, &too_large, &large).await;
    set(&setup, "[registry]\nmax_component_mib = 1\n");
    push(&setup, &fits, &small).await;
    works(&setup, &["add", &small]).await;
    let words = ["a component of 1048577 bytes exceeds the limit of 1048576 bytes (registry.max_component_mib"];
    refused(&setup, &["push", text_of(&too_large), &large], &words).await;
    refused(&setup, &["add", &large], &words).await;

    // A registry that sends more than its manifest says is cut off too.
    set(&setup, "");
    let manifest = registry.manifest("acme/small", "1").await;
    let blob = registry.blob(manifest["layers"][0]["digest"].as_str().expect("a digest"));
    fs::write(&blob, vec![0; 3 * MIB]).expect("a file can be written");
    set(&setup, "[registry]\nmax_component_mib = 1\n");
    refused(&setup, &["inspect", &small], &["exceeds the limit of 1048576 bytes"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_may_be_so_large() {
    let registry = Registry::open().await;
    let setup = Setup::up().await;
    let folder = |name: &str, comment: usize| {
        let folder = setup.folder().join(name);
        fs::create_dir(&folder).expect("a folder can be made");
        fs::copy(signed().join("component.wasm"), folder.join("component.wasm")).expect("a file can be copied");
        let text = fs::read_to_string(signed().join("connector.toml")).expect("the fixture is there");
        let text = format!("{text}\n# {}\n", "x".repeat(comment));
        fs::write(folder.join("connector.toml"), text).expect("a file can be written");
        folder
    };
    let reference = registry.reference("acme/talkative:1");
    let push_and_measure = async |folder: &Path| {
        push(&setup, folder, &reference).await;
        registry.get("/v2/acme/talkative/manifests/1").await.text().len()
    };
    let shortest = push_and_measure(&folder("shortest", 0)).await;
    let fits = folder("fits", 2048 - shortest);
    assert_eq!(push_and_measure(&fits).await, 2048);
    set(&setup, "[registry]\nmax_manifest_kib = 2\n");
    push(&setup, &fits, &reference).await;
    works(&setup, &["inspect", &reference]).await;
    let too_large = folder("too-large", 2049 - shortest);
    let words = ["a manifest of 2049 bytes exceeds the limit of 2048 bytes (registry.max_manifest_kib"];
    refused(&setup, &["push", text_of(&too_large), &reference], &words).await;
    set(&setup, "");
    push(&setup, &too_large, &reference).await;
    set(&setup, "[registry]\nmax_manifest_kib = 2\n");
    refused(&setup, &["inspect", &reference], &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_not_there_is_told() {
    let setup = Setup::up().await;
    let reference = format!("oci://127.0.0.1:{}/a:1", free_port());
    refused(&setup, &["add", &reference], &["the registry 127.0.0.1:", "can't be reached", "refused"]).await;
    refused(&setup, &["push", text_of(&signed()), &reference], &["can't be reached"]).await;
    // One that takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    set(&setup, "[registry]\nread_ms = 100\n");
    let reference = format!("oci://{}/a:1", silent.local_addr().expect("it has an address"));
    refused(&setup, &["inspect", &reference], &["can't be reached", "timed out"]).await;
    set(&setup, "[registry]\nconnect_ms = 0\n");
    refused(&setup, &["list"], &["registry.connect_ms must be at least 1"]).await;
}
