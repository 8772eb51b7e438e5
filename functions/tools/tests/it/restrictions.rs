//! `/v1/connectors/{slug}/restrictions`

use bulkhead_audit::{Actor, AuditFilter, Outcome};
use bulkhead_connectors::{ApprovalAct, Approver, NewApproval};
use bulkhead_function_tools::{describe, router};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{CorrelationId, PageRequest};
use bulkhead_testkit::functions::{Answer, Harness, Tenant};
use http::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/connectors/toolbox/restrictions";

/// A harness whose first tenant is an admin, and whose toolbox was approved to ask for something.
async fn harness() -> Harness {
    let harness = Harness::start(router, describe()).await;
    let ports = &harness.api.ports;
    let admin = sql("UPDATE memberships SET role = 'admin' WHERE user_id = $1").bind(harness.ours.caller.user);
    let admin = admin.of(harness.ours.caller.organization);
    ports.sql.execute(admin).await.expect("an admin");
    let grants = json!({
        "outbound": [{ "to": { "host": "*.example.com:443" }, "method": "GET", "path": "/v1/**" }],
        "credentials": [], "schemes": [], "limits": {},
    });
    let new = NewApproval {
        slug: "toolbox".parse().expect("a slug"),
        digest: "sha256:0".to_owned(),
        grants: grants.to_string(),
        grants_digest: "sha256:0".to_owned(),
    };
    let correlation = CorrelationId::parse("approval").expect("sane");
    let by = Approver { actor: Actor::operator("uid 0"), organizations: Vec::new(), correlation };
    assert!(bulkhead_connectors::approve(ports, &by, ApprovalAct::Install, None, &new).await.expect("approves"));
    harness
}

async fn put(harness: &Harness, body: &Value) -> Answer {
    harness.request(Method::PUT, PATH).json(body).send().await
}

async fn names(harness: &Harness, tenant: &Tenant) -> Vec<String> {
    let answer = harness.call(Method::GET, "/v1/connectors/toolbox/tools").key(&tenant.key).send().await;
    let items = answer.with_status(200).json["items"].as_array().expect("items").clone();
    items.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
}

async fn call(harness: &Harness, tenant: &Tenant, tool: &str) -> Answer {
    let path = format!("/v1/connectors/toolbox/tools/{tool}/jobs");
    let body = json!({ "arguments": { "filter": ".", "input": null } });
    harness.call(Method::POST, &path).key(&tenant.key).json(&body).header("prefer", "wait=1").send().await
}

/// The newest entry of this action: its outcome and its reason.
async fn audited(harness: &Harness, tenant: &Tenant, action: &str) -> (Outcome, Option<String>) {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    let page = bulkhead_audit::list(&harness.api.ports, &tenant.caller, &filter, &PageRequest::default()).await;
    let newest = page.expect("reads").items.swap_remove(0);
    (newest.outcome, newest.reason)
}

#[tokio::test]
async fn restrictions_are_put_read_and_lifted() {
    let harness = harness().await;
    assert_eq!(harness.get(PATH).await.with_status(200).json, json!({ "limits": {} }));
    let body = json!({
        "tools": ["jq"],
        "outbound": [{ "host": "eu.example.com", "methods": ["GET"], "paths": ["/v1/things/**"] }],
        "limits": { "memory_mib": 32 },
    });
    assert_eq!(put(&harness, &body).await.with_status(200).json, body);
    assert_eq!(harness.get(PATH).await.with_status(200).json, body);
    assert_eq!(audited(&harness, &harness.ours, "connector.restrict").await, (Outcome::Succeeded, None));
    for _ in 0..2 {
        harness.request(Method::DELETE, PATH).send().await.with_status(204);
        assert_eq!(harness.get(PATH).await.with_status(200).json, json!({ "limits": {} }));
    }
    assert_eq!(audited(&harness, &harness.ours, "connector.unrestrict").await, (Outcome::Succeeded, None));
}

#[tokio::test]
async fn a_tool_that_is_not_allowed_is_neither_listed_nor_called_by_this_organization_alone() {
    let harness = harness().await;
    put(&harness, &json!({ "tools": ["jq"] })).await.with_status(200);
    assert_eq!(names(&harness, &harness.ours).await, ["jq"]);
    assert_eq!(names(&harness, &harness.theirs).await, ["jq", "diff"]);
    call(&harness, &harness.ours, "jq").await.with_status(200);
    call(&harness, &harness.theirs, "diff").await.with_status(200);
    let refused = call(&harness, &harness.ours, "diff").await.refused(403, "tool-restricted");
    assert!(refused.json["detail"].as_str().is_some_and(|text| text.contains("diff of the connector toolbox")));
    let (outcome, reason) = audited(&harness, &harness.ours, "tool.call").await;
    assert_eq!((outcome, reason.as_deref()), (Outcome::Refused, refused.json["detail"].as_str()));
    harness.request(Method::DELETE, PATH).send().await.with_status(204);
    call(&harness, &harness.ours, "diff").await.with_status(200);
    assert_eq!(names(&harness, &harness.ours).await, ["jq", "diff"]);
}

#[tokio::test]
async fn whoever_is_no_admin_is_refused_and_that_is_recorded() {
    let harness = harness().await;
    for (method, action) in [
        (Method::GET, "connector.read_restrictions"),
        (Method::PUT, "connector.restrict"),
        (Method::DELETE, "connector.unrestrict"),
    ] {
        let call = harness.call(method, PATH).key(&harness.theirs.key).json(&json!({ "tools": [] }));
        call.send().await.refused(403, "insufficient-role");
        let (outcome, reason) = audited(&harness, &harness.theirs, action).await;
        assert_eq!((outcome, reason.is_some()), (Outcome::Refused, true), "{action}");
    }
    assert_eq!(names(&harness, &harness.theirs).await, ["jq", "diff"]);
}

#[tokio::test]
async fn nothing_can_be_added() {
    let harness = harness().await;
    let body = json!({
        "tools": ["jq", "rm"],
        "outbound": [
            { "host": "example.com", "methods": ["GET"] },
            { "host": "eu.example.com", "methods": ["GET", "POST"], "paths": ["/v1/x", "/v2"] },
        ],
        "limits": { "memory_mib": 65, "cpu_ms": 2000 },
    });
    let refused = put(&harness, &body).await.refused(422, "invalid-body");
    assert_eq!(
        refused.faults(),
        ["/limits/memory_mib", "/outbound/0/host", "/outbound/1/methods/1", "/outbound/1/paths/1", "/tools/1"]
    );
    assert_eq!(harness.get(PATH).await.json, json!({ "limits": {} }));
    for (body, fault) in [
        (json!({ "tool": ["jq"] }), "/tool"),
        (json!({ "tools": ["Not a name"] }), "/tools/0"),
        (json!({ "limits": { "memory_gib": 1 } }), "/limits/memory_gib"),
        (json!({ "outbound": [{ "host": "eu.example.com" }] }), "/outbound/0/methods"),
    ] {
        assert_eq!(put(&harness, &body).await.refused(422, "invalid-body").faults(), [fault]);
    }
}

#[tokio::test]
async fn restrictions_are_as_long_as_they_may_be_and_no_longer() {
    let harness = harness().await;
    let with = |length: usize| json!({ "tools": vec!["jq"; length] });
    put(&harness, &with(3000)).await.with_status(200);
    assert_eq!(put(&harness, &with(4000)).await.refused(422, "invalid-body").faults(), [""]);
}

#[tokio::test]
async fn an_unknown_connector_has_none() {
    let harness = harness().await;
    for slug in ["nothing", "Not-a-slug"] {
        let path = format!("/v1/connectors/{slug}/restrictions");
        harness.get(&path).await.refused(404, "unknown-connector");
        harness.request(Method::PUT, &path).json(&json!({})).send().await.refused(404, "unknown-connector");
    }
}
