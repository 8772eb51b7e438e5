//! What a key was granted holds for every route.

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_function_tools::{describe, router, routes};
use bulkhead_kernel::PageRequest;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::Harness;
use http::Method;
use serde_json::{Value, json};

/// A harness whose first tenant is an owner, with a key that was granted these scopes.
async fn granted(scopes: &str) -> Harness {
    let harness = Harness::start(router, describe()).await;
    let ports = &harness.api.ports;
    let owner = sql("UPDATE memberships SET role = 'owner' WHERE user_id = $1").bind(harness.ours.caller.user);
    ports.sql.execute(owner.across_tenants("a test")).await.expect("an owner");
    let narrow = sql("UPDATE api_keys SET scopes = $2 WHERE user_id = $1").bind(harness.ours.caller.user).bind(scopes);
    ports.sql.execute(narrow.across_tenants("a test")).await.expect("a narrow key");
    harness
}

#[tokio::test]
async fn no_route_answers_a_key_without_its_scope_and_each_refusal_is_recorded() {
    let harness = granted("audit:read profile").await;
    let mut refused = 0;
    for route in routes().list() {
        let path = route
            .path
            .replace("{slug}", "toolbox")
            .replace("{tool}", "jq")
            .replace("{id}", "0192d3a4-7b1c-7f00-8000-000000000000");
        let method: Method = route.method.to_ascii_uppercase().parse().expect("a method");
        let body = match (route.method, route.path) {
            ("post", path) if path.ends_with("/jobs") => json!({ "arguments": { "filter": ".", "input": null } }),
            ("post", path) if path.ends_with("/answers") => json!({ "answers": {} }),
            ("put", _) => json!({}),
            _ => Value::Null,
        };
        let call = harness.request(method, &path);
        let call = if body.is_null() { call } else { call.json(&body) };
        let answer = call.send().await.refused(403, "insufficient-scope");
        let expected = if path.ends_with("/restrictions") { "organization" } else { "tools" };
        assert_eq!(answer.json["scope"], expected, "{path}");
        refused += 1;
    }
    let page = PageRequest { limit: 200, ..PageRequest::default() };
    let filter = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
    let events = bulkhead_audit::list(&harness.api.ports, &harness.ours.caller, &filter, &page).await.expect("reads");
    assert_eq!((events.items.len(), refused), (routes().list().len(), routes().list().len()));
}

#[tokio::test]
async fn a_key_with_the_scope_is_answered() {
    let harness = granted("tools").await;
    for path in ["/v1/connectors", "/v1/connectors/toolbox", "/v1/connectors/toolbox/tools", "/v1/jobs"] {
        harness.get(path).await.with_status(200);
    }
    harness.get("/v1/connectors/toolbox/restrictions").await.refused(403, "insufficient-scope");
}
