//! What pages of other sites may use and read: discovery and what OAuth clients in a browser need, and nothing else.

use std::sync::Arc;

use bulkhead_function_auth::{describe, router, routes};
use bulkhead_kernel::Secret;
use bulkhead_testkit::functions::{Harness, variables};
use http::Method;

const SITE: &str = "https://inspector.example";
const FORM: &str = "application/x-www-form-urlencoded";

/// Without the cookie of a browser's session, each of them.
const OPEN: [&str; 8] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/{*issuer}",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/{*issuer}",
    "/oauth/jwks",
    "/oauth/register",
    "/oauth/revoke",
    "/oauth/token",
];

#[tokio::test]
async fn a_browser_is_told_what_another_site_may_send_where() {
    let harness = Harness::start(router, describe()).await;
    let mut open = Vec::new();
    for route in routes().list() {
        let path = route.path.replace("{id}", "x").replace("{*issuer}", "x");
        let ask = harness.call(Method::OPTIONS, &path).header("origin", SITE);
        let told = ask.header("access-control-request-method", "POST").send().await.with_status(204);
        assert_eq!(told.header("access-control-allow-credentials"), "", "{path}");
        if told.header("access-control-allow-origin").is_empty() {
            for name in ["methods", "headers"] {
                assert_eq!(told.header(&format!("access-control-allow-{name}")), "", "{path}");
            }
            continue;
        }
        assert_eq!(told.header("access-control-allow-origin"), "*");
        assert_eq!(told.header("access-control-allow-methods"), told.header("allow"));
        assert_eq!(
            told.header("access-control-allow-headers"),
            "authorization, content-type, mcp-protocol-version",
            "{path}"
        );
        assert_eq!(told.header("access-control-max-age"), "7200");
        open.push(route.path);
    }
    assert_eq!(open, OPEN);
}

#[tokio::test]
async fn another_site_reads_discovery_and_tokens_and_refusals_and_no_page() {
    let harness = Harness::start(router, describe()).await;
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/oauth/jwks"] {
        let read = harness.call(Method::GET, path).header("origin", SITE).send().await.with_status(200);
        assert_eq!(read.header("access-control-allow-origin"), "*", "{path}");
    }
    let call = harness.call(Method::POST, "/oauth/token").header("origin", SITE).body(FORM, "grant_type=x&client_id=x");
    let refused = call.send().await;
    assert!(refused.status.is_client_error());
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.header("access-control-expose-headers").contains("ratelimit"));
    // A body of another kind is a problem: that can be read, too.
    let call = harness.call(Method::POST, "/oauth/token").header("origin", SITE).body("text/plain", "x");
    assert_eq!(call.send().await.refused(415, "unsupported-media-type").header("access-control-allow-origin"), "*");
    for path in ["/sign-in", "/sign-out", "/oauth/authorize", "/oauth/device", "/v1/auth/sessions", "/invitations"] {
        let read = harness.call(Method::GET, path).header("origin", SITE).send().await;
        assert_eq!(read.header("access-control-allow-origin"), "", "{path}");
    }
    let call = harness.call(Method::POST, "/oauth/introspect").header("origin", SITE).body(FORM, "token=x");
    assert_eq!(call.send().await.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_by_it_alone() {
    let mut harness = Harness::start(router, describe()).await;
    let well_known = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
    for place in well_known {
        for path in ["x", "mcp", ""] {
            let missing = harness.call(Method::GET, &format!("{place}/{path}")).send().await;
            missing.refused(404, "unknown-path");
        }
    }
    let mut changed = variables();
    changed.insert("public_url".to_owned(), Secret::new("https://example.com/tools/bulkhead/".to_owned()));
    harness.api.variables = Arc::new(changed);
    for place in well_known {
        for path in ["", "/tools/bulkhead"] {
            let found = harness.call(Method::GET, &format!("{place}{path}")).send().await.with_status(200);
            assert_eq!(found.json["issuer"], "https://example.com/tools/bulkhead");
            assert_eq!(found.json["token_endpoint"], "https://example.com/tools/bulkhead/oauth/token");
        }
        for path in ["/tools", "/bulkhead", "/tools/bulkhead/mcp", "/Tools/bulkhead", "/tools%2Fbulkhead"] {
            let missing = harness.call(Method::GET, &format!("{place}{path}")).send().await;
            missing.refused(404, "unknown-path");
        }
    }
}
