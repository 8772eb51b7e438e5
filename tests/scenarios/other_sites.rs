//! Other web sites, which must not reach a host on a developer's machine through the developer's browser.

use bulkhead_system_tests::Setup;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_rebound_host_name_is_refused() {
    let host = Setup::up().await.start().await;
    let reply = host.stateless("tools/list", json!({})).header("host", "attacker.example").send().await;
    assert_eq!(reply.status, 403, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_origin_is_refused() {
    let host = Setup::up().await.start().await;
    for origin in ["https://attacker.example", "null"] {
        let reply = host.stateless("tools/list", json!({})).header("origin", origin).send().await;
        assert_eq!(reply.status, 403, "{origin}: {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_names_are_accepted() {
    let config = "[mcp]\nallowed_hosts = ['bulkhead.example']\nallowed_origins = ['https://console.example']\n";
    let host = Setup::up().await.config(config).start().await;
    let request = host.stateless("tools/list", json!({})).header("host", "bulkhead.example");
    let reply = request.header("origin", "https://console.example").send().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let host = Setup::up().await.start().await;
    for path in ["/health", "/metrics", "/v1/jobs", "/v1/nothing", "/nothing", "/mcp"] {
        let reply = host.request("GET", path).key(host.key()).send().await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{name} of {path}");
        }
        assert!(reply.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!reply.header("x-correlation-id").is_empty(), "{path}");
    }
}
