//! The adapter through which functions ask other services, on the embedded edge runtime: the guest `function-sql` runs the
//! port's suite from the inside.

use bulkhead_system_tests::{Database, Host, Setup, path};
use bulkhead_testkit::http_server;
use serde_json::Value;

/// `bulkhead up` with that guest in place of the real functions, which may reach this host.
async fn host(base: &str, allowed: &str) -> Host {
    let source = path("BULKHEAD_GUESTS_DIR").join("function-sql.wasm");
    let manifest = format!(
        r#"
spin_manifest_version = 2
[application]
name = "http"
[[trigger.http]]
route = "/..."
component = "http"
[component.http]
source = "{}"
sqlite_databases = ["default"]
allowed_outbound_hosts = ["{allowed}"]
[component.http.variables]
database_url = ""
http_base = "{base}"
"#,
        source.display()
    );
    Setup::on(Database::Sqlite).await.manifest(&manifest).start().await
}

/// The cases by name, and what failed of each.
async fn cases(base: &str, allowed: &str) -> Vec<(String, Option<String>)> {
    let answer = host(base, allowed).await.request("GET", "/http-conformance").send().await.expect(200);
    let read = |case: &Value| {
        let name = case["name"].as_str().expect("a name").to_owned();
        (name, case["failure"].as_str().map(str::to_owned))
    };
    answer["cases"].as_array().expect("cases").iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spin_http_does_what_the_port_promises() {
    let base = format!("http://{}", http_server::start());
    let cases = cases(&base, &base).await;
    let failed: Vec<_> = cases.iter().filter(|(_, failure)| failure.is_some()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(cases.len() >= 9, "the suite has {} cases", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_spin_toml_does_not_name_is_denied() {
    let base = format!("http://{}", http_server::start());
    let cases = cases(&base, "https://id.example.com").await;
    let (_, failure) = cases.iter().find(|(name, _)| name.starts_with("headers")).expect("the case");
    assert!(failure.as_ref().is_some_and(|words| words.contains("not allowed here")), "{failure:?}");
}
