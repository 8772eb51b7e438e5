//! `GET /v1/audit/events`

use bulkhead_audit::Actor;
use bulkhead_connectors::{Approver, record_refused_upgrade};
use bulkhead_execution::{Round, SqlCatalogue, ToolCall, submit};
use bulkhead_function_audit::{describe, router};
use bulkhead_kernel::{CorrelationId, Cursor};
use bulkhead_testkit::functions::{Answer, Harness, Tenant};
use http::Method;
use serde_json::json;

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

/// A call of this tenant. One of a tool that exists is pending, another one refused.
async fn call(harness: &Harness, tenant: &Tenant, tool: &str, correlation: &str) -> Option<String> {
    let ports = &harness.api.ports;
    let call = ToolCall {
        connector: "toolbox".to_owned(),
        tool: tool.to_owned(),
        arguments: json!({"filter": ".", "input": null}),
        project: None,
        round: Round::default(),
        continues: None,
        idempotency_key: None,
        correlation_id: CorrelationId::parse(correlation).expect("sane"),
    };
    submit(ports, &tenant.caller, &SqlCatalogue(ports), call).await.ok().map(|submission| submission.job.id.to_string())
}

fn correlations(answer: &Answer) -> Vec<&str> {
    let items = answer.json["items"].as_array().expect("items");
    items.iter().filter_map(|item| item["correlation_id"].as_str()).collect()
}

#[tokio::test]
async fn every_call_is_listed_and_only_ones_own() {
    let harness = harness().await;
    let job = call(&harness, &harness.ours, "jq", "a").await.expect("a job");
    assert_eq!(call(&harness, &harness.theirs, "jq", "b").await.map(|_| ()), Some(()));
    let answer = harness.get("/v1/audit/events").await.with_status(200);
    assert_eq!(correlations(&answer), ["a"]);
    let event = &answer.json["items"][0];
    assert_eq!(
        (&event["action"], &event["outcome"], &event["job"]),
        (&json!("tool.call"), &json!("pending"), &json!(job))
    );
    assert_eq!(event["target"], json!({"type": "tool", "id": "toolbox/jq"}));
    assert_eq!(event["actor"]["id"], harness.ours.caller.user.to_string());
}

#[tokio::test]
async fn an_operators_acts_are_told_as_an_operators() {
    let harness = harness().await;
    let by = Approver {
        actor: Actor::operator("uid 1000"),
        organizations: vec![harness.ours.caller.organization],
        correlation: CorrelationId::parse("act").expect("sane"),
    };
    let slug = "toolbox".parse().expect("a slug");
    record_refused_upgrade(&harness.api.ports, &by, &slug).await.expect("recorded");
    let answer = harness.get("/v1/audit/events").await.with_status(200);
    let actor = json!({"type": "operator", "id": "uid 1000", "credential_id": "command line"});
    assert_eq!(answer.json["items"][0]["actor"], actor);
    let described = describe().schemas["AuditEvent"]["properties"]["actor"]["properties"]["type"].to_string();
    assert!(described.contains("`operator`"), "{described}");
}

#[tokio::test]
async fn each_filter_selects() {
    let harness = harness().await;
    let job = call(&harness, &harness.ours, "jq", "good").await.expect("a job");
    assert_eq!(call(&harness, &harness.ours, "nothing", "bad").await, None);
    for (query, expected) in [
        ("outcome=refused", vec!["bad"]),
        ("outcome=pending", vec!["good"]),
        ("outcome=succeeded", vec![]),
        ("correlation_id=bad", vec!["bad"]),
        (&format!("job={job}"), vec!["good"]),
        ("action=tool.call&outcome=refused", vec!["bad"]),
        ("action=nothing", vec![]),
    ] {
        let answer = harness.get(&format!("/v1/audit/events?{query}")).await.with_status(200);
        assert_eq!(correlations(&answer), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_one_another() {
    let harness = harness().await;
    for correlation in ["a", "b", "c"] {
        call(&harness, &harness.ours, "jq", correlation).await;
    }
    let first = harness.get("/v1/audit/events?limit=2").await.with_status(200);
    let next = first.json["next"].as_str().expect("a cursor");
    assert!(first.header("link").contains(next));
    let second = harness.get(&format!("/v1/audit/events?limit=2&cursor={next}")).await.with_status(200);
    let mut all = [correlations(&first), correlations(&second)].concat();
    all.sort_unstable();
    assert_eq!((all, second.header("link")), (vec!["a", "b", "c"], ""));
    assert!(second.json["next"].is_null());
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused_by_name() {
    let harness = harness().await;
    let foreign = Cursor::after("7").encode();
    for (query, fault) in [
        ("outcome=maybe", "outcome"),
        ("job=nonsense", "job"),
        ("action=", "action"),
        ("correlation_id=%00", "correlation_id"),
        ("limit=201", "limit"),
        (&format!("cursor={foreign}"), "cursor"),
        ("status=failed", "status"),
    ] {
        let answer = harness.get(&format!("/v1/audit/events?{query}")).await;
        assert_eq!(answer.refused(400, "invalid-parameters").faults(), [fault], "{query}");
    }
}

#[tokio::test]
async fn the_trail_wants_a_key_and_can_not_be_written() {
    let harness = harness().await;
    harness.call(Method::GET, "/v1/audit/events").send().await.refused(401, "unauthenticated");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        harness.request(method, "/v1/audit/events").send().await.refused(405, "method-not-allowed");
    }
    harness.get("/v1/audit").await.refused(404, "unknown-path");
    harness.get("/v1/audit/events/x").await.refused(404, "unknown-path");
}

#[tokio::test]
async fn a_key_needs_the_scope_of_the_trail_and_its_refusal_is_in_it() {
    let harness = harness().await;
    let scopes = async |scopes: &str| {
        let narrow = bulkhead_kernel::sql::sql("UPDATE api_keys SET scopes = $2 WHERE user_id = $1");
        let narrow = narrow.bind(harness.ours.caller.user).bind(scopes);
        assert_eq!(harness.api.ports.sql.execute(narrow.across_tenants("a test")).await, Ok(1));
    };
    scopes("tools organization profile").await;
    let refused = harness.get("/v1/audit/events").await.refused(403, "insufficient-scope");
    assert_eq!(refused.json["scope"], "audit:read");
    scopes("audit:read").await;
    let answer = harness.get("/v1/audit/events?action=audit.list").await.with_status(200);
    assert_eq!(
        (answer.json["items"].as_array().map(Vec::len), &answer.json["items"][0]["outcome"]),
        (Some(1), &json!("refused"))
    );
}
