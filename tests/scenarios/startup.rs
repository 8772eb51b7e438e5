//! What a host refuses to start with. Every refusal says what to change.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use bulkhead_system_tests::{Database, Setup, path};

/// Starts what must not start; what it says has each of these in it.
async fn refuses(setup: &Setup, words: &[&str]) {
    let said = setup.refusal().await;
    let reason = said.lines().filter(|line| line.starts_with("bulkhead: ")).collect::<Vec<_>>();
    assert_eq!(reason.len(), 1, "one line says why: {said}");
    for word in words {
        // A message may have further lines, such as the place in a file.
        assert!(said[said.find("bulkhead: ").unwrap_or(0)..].contains(word), "{word:?} is not in: {said}");
    }
}

/// The real manifest, with one text replaced, and its components where they are.
fn manifest(from: &str, to: &str) -> String {
    let text = fs::read_to_string(path("BULKHEAD_MANIFEST")).expect("the manifest is there");
    assert!(text.contains(from), "{from:?} is not in the manifest");
    let functions = path("BULKHEAD_FUNCTIONS_DIR").display().to_string();
    text.replace(from, to).replace("dist/functions", &functions)
}

/// A connector's folder as a copy that a scenario may damage.
fn own_copy(setup: &Setup, slug: &str) -> PathBuf {
    let folder = setup.connectors().join(slug);
    let original = folder.canonicalize().expect("the connector is built");
    fs::remove_file(&folder).expect("the link can be removed");
    fs::create_dir(&folder).expect("a folder can be made");
    for file in ["connector.toml", "component.wasm"] {
        fs::copy(original.join(file), folder.join(file)).expect("a file can be copied");
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_of_a_component_in_spin_toml() {
    let text = manifest("[component.audit]\n", "[component.audit]\nsqlite_database = [\"default\"]\n");
    refuses(&Setup::up().await.manifest(&text), &["[component.audit]", "`sqlite_database`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_at_the_top_of_spin_toml() {
    let text = manifest("[application]", "[aplication]");
    refuses(&Setup::up().await.manifest(&text), &["`aplication`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_spin_that_the_embedded_runtime_has_not() {
    let text = manifest("[component.audit]\n", "[component.audit]\nfiles = [\"*.html\"]\n");
    refuses(&Setup::up().await.manifest(&text), &["[component.audit]", "`files`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_not_there() {
    let setup = Setup::up().await.arguments(&[]).manifest("");
    fs::remove_file(setup.folder().join("spin.toml")).expect("it was there");
    refuses(&setup, &["the manifest", "spin.toml", "can't be read"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_component_of_a_function() {
    let setup = Setup::up().await;
    let wasm = fs::read(path("BULKHEAD_FUNCTIONS_DIR").join("audit.wasm")).expect("the function is built");
    fs::write(setup.folder().join("audit.wasm"), &wasm[..wasm.len() / 2]).expect("a file can be written");
    let original = path("BULKHEAD_FUNCTIONS_DIR").join("audit.wasm").display().to_string();
    let text = manifest("spin_manifest_version", "spin_manifest_version").replace(&original, "audit.wasm");
    refuses(&setup.manifest(&text), &["component `audit`", "audit.wasm", "damaged"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_component_of_a_connector() {
    let setup = Setup::up().await;
    let file = own_copy(&setup, "toolbox").join("component.wasm");
    let mut wasm = fs::read(&file).expect("the connector is built");
    let middle = wasm.len() / 2;
    wasm[middle..middle + 1000].fill(0xff);
    fs::write(&file, wasm).expect("a file can be written");
    refuses(&setup, &["connector toolbox"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_not_webassembly() {
    let setup = Setup::up().await;
    fs::write(own_copy(&setup, "toolbox").join("component.wasm"), "hello").expect("a file can be written");
    refuses(&setup, &["connector toolbox"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_without_a_component() {
    let setup = Setup::up().await;
    fs::remove_file(own_copy(&setup, "toolbox").join("component.wasm")).expect("it was there");
    refuses(&setup, &["toolbox/component.wasm"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_in_a_connectors_manifest() {
    let setup = Setup::up().await;
    let file = own_copy(&setup, "toolbox").join("connector.toml");
    let text = fs::read_to_string(&file).expect("it has a manifest");
    fs::write(&file, format!("colour = 'red'\n{text}")).expect("a file can be written");
    refuses(&setup, &["toolbox/connector.toml", "colour"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_a_directory() {
    let setup = Setup::on(Database::Sqlite).await;
    fs::create_dir(setup.data_dir().join("bulkhead.db")).expect("a folder can be made");
    refuses(&setup, &["bulkhead.db", "it is a directory"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_a_text_file() {
    let setup = Setup::on(Database::Sqlite).await;
    let file = setup.data_dir().join("bulkhead.db");
    let text = "Dear diary, ".repeat(1000);
    fs::write(&file, &text).expect("a file can be written");
    refuses(&setup, &["bulkhead.db", "it is not a SQLite database"]).await;
    assert_eq!(fs::read_to_string(&file).expect("it is still there"), text, "it was written to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_server_that_is_not_there() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port is free").local_addr().expect("it has an address");
    let url = format!("postgres://somebody:hunter2@{nobody}/nothing");
    let setup = Setup::on(Database::Sqlite).await.arguments(&["--database-url", &url]);
    refuses(&setup, &["the database server can't be used"]).await;
    assert!(!setup.refusal().await.contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it has an address").to_string();
    let setup = Setup::up().await.listen(&address);
    refuses(&setup, &[&address, "is in use by another process", "--listen"]).await;
    assert!(!setup.data_dir().join("owner.json").exists(), "a refused start has touched the data directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_in_the_configuration() {
    let setup = Setup::up().await.config("[jobs]\nlease_secs = 5\n");
    refuses(&setup, &["bulkhead.toml", "lease_secs", "lease_seconds"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_of_a_connector() {
    let setup = Setup::up().await.config("[connectors.prometheus]\nbase_ulr = 'http://127.0.0.1:9090'\n");
    refuses(&setup, &["[connectors.prometheus]", "\"base_ulr\"", "base_url"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_is_not_of_its_type() {
    let setup = Setup::up().await.config("[connectors.prometheus]\nbase_url = 'localhost'\n");
    refuses(&setup, &["[connectors.prometheus]", "base_url", "localhost"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_connector_that_is_not_there() {
    let setup = Setup::up().await.config("[connectors.prometeus]\nbase_url = 'http://127.0.0.1:9090'\n");
    refuses(&setup, &["[connectors.prometeus]", "installed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_is_a_file() {
    let setup = Setup::up().await;
    fs::remove_dir_all(setup.data_dir()).expect("it was there");
    fs::write(setup.data_dir(), "").expect("a file can be written");
    refuses(&setup, &["the data directory can't be used", "--data-dir"]).await;
}
