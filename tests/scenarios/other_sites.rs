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
async fn a_client_in_a_browser_reads_answers_on_a_site_that_was_let_in() {
    let ours = "https://console.example";
    let host = Setup::up().await.config(&format!("[mcp]\nallowed_origins = ['{ours}']\n")).start().await;
    let asks_first = |origin: &str| {
        let request = host.request("OPTIONS", "/mcp").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "authorization,mcp-name,mcp-param-region").send()
    };
    let allowed = asks_first(ours).await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, ours));
    assert!(allowed.header("access-control-allow-methods").contains("POST"));
    assert_eq!(allowed.header("access-control-allow-headers"), "authorization,mcp-name,mcp-param-region");
    let read = host.stateless("tools/list", json!({})).header("origin", ours).send().await;
    assert_eq!((read.status, read.header("access-control-allow-origin")), (200, ours));
    // It must also see that it has to sign in, and where.
    let refused = host.stateless_as("", "tools/list", json!({})).header("origin", ours).send().await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, ours));
    assert!(refused.header("access-control-expose-headers").contains("www-authenticate"));
    for other in ["https://console.example:8443", "http://console.example"] {
        let reply = host.stateless("tools/list", json!({})).header("origin", other).send().await;
        assert_eq!(reply.status, 403, "{other}");
    }
    let foreign = "https://attacker.example";
    assert_eq!(asks_first(foreign).await.header("access-control-allow-origin"), "");
    let foreign = host.stateless("tools/list", json!({})).header("origin", foreign).send().await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (403, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_origin_is_refused_at_the_start() {
    for wrong in ["*", "console.example", "https://console.example/", "https://console.example/mcp", "null"] {
        let setup = Setup::up().await.config(&format!("[mcp]\nallowed_origins = ['{wrong}']\n"));
        let refusal = setup.refusal().await;
        assert!(refusal.contains("mcp.allowed_origins") && refusal.contains(wrong), "{refusal}");
    }
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
