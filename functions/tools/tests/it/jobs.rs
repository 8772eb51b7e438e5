//! `GET /v1/jobs…`

use bulkhead_function_tools::{describe, router};
use bulkhead_kernel::Cursor;
use bulkhead_testkit::functions::{Answer, Behaviour, Harness, Tenant};
use http::Method;
use serde_json::{Value, json};

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

/// A job of this tenant; gives its id.
async fn job(harness: &Harness, tenant: &Tenant, tool: &str, correlation: &str) -> String {
    let path = format!("/v1/connectors/toolbox/tools/{tool}/jobs");
    let call = harness.call(Method::POST, &path).key(&tenant.key).header("x-correlation-id", correlation);
    let body = json!({"arguments": {"filter": ".", "input": null}});
    let answer = call.json(&body).header("prefer", "wait=1").send().await;
    assert!(answer.status.is_success(), "{}", answer.json);
    answer.json["id"].as_str().expect("an id").to_owned()
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.json["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect()
}

#[tokio::test]
async fn jobs_are_listed_newest_first_and_only_ones_own() {
    let harness = harness().await;
    let first = job(&harness, &harness.ours, "jq", "a").await;
    job(&harness, &harness.theirs, "jq", "a").await;
    let second = job(&harness, &harness.ours, "jq", "b").await;
    let mut expected = [first, second];
    expected.sort_by(|a, b| b.cmp(a));
    assert_eq!(ids(&harness.get("/v1/jobs").await.with_status(200)), expected);
}

#[tokio::test]
async fn each_filter_selects() {
    let harness = harness().await;
    let jq = job(&harness, &harness.ours, "jq", "a").await;
    harness.host.behave(Behaviour::Start);
    let diff = job(&harness, &harness.ours, "diff", "b").await;
    for (query, expected) in [
        ("status=succeeded", vec![&jq]),
        ("status=running", vec![&diff]),
        ("status=queued", vec![]),
        ("tool=diff", vec![&diff]),
        ("connector=toolbox&tool=jq", vec![&jq]),
        ("connector=nothing", vec![]),
        ("correlation_id=b", vec![&diff]),
        ("correlation_id=%27%20OR%201%3D1", vec![]),
    ] {
        assert_eq!(ids(&harness.get(&format!("/v1/jobs?{query}")).await.with_status(200)), expected, "{query}");
    }
}

#[tokio::test]
async fn the_link_leads_through_every_page() {
    let harness = harness().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(job(&harness, &harness.ours, "jq", "same").await);
    }
    expected.sort_by(|a, b| b.cmp(a));
    let (mut path, mut found, mut pages) = ("/v1/jobs?limit=2&correlation_id=same".to_owned(), Vec::new(), 0);
    loop {
        let answer = harness.get(&path).await.with_status(200);
        found.extend(ids(&answer).into_iter().map(str::to_owned));
        pages += 1;
        let link = answer.header("link");
        let Some(next) = answer.json["next"].as_str() else {
            assert_eq!(link, "");
            break;
        };
        assert!(link.ends_with(">; rel=\"next\"") && link.contains(next), "{link}");
        path = link.trim_start_matches('<').split('>').next().expect("an address").to_owned();
        assert!(path.contains("limit=2") && path.contains("correlation_id=same"), "{path}");
    }
    assert_eq!((found, pages), (expected, 3));
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused_by_name() {
    let harness = harness().await;
    let foreign = Cursor::after("7").encode();
    for (query, faults) in [
        ("status=done", vec!["status"]),
        ("status=", vec!["status"]),
        ("status=queued&status=running", vec!["status"]),
        ("connector=", vec!["connector"]),
        ("tool=a%00b", vec!["tool"]),
        ("correlation_id=", vec!["correlation_id"]),
        ("limit=0", vec!["limit"]),
        ("limit=201", vec!["limit"]),
        ("limit=ten", vec!["limit"]),
        ("cursor=%25%25", vec!["cursor"]),
        ("cursor=", vec!["cursor"]),
        (&format!("cursor={foreign}"), vec!["cursor"]),
        ("page=2", vec!["page"]),
        ("stauts=queued&limit=x&cursor=%25", vec!["cursor", "limit", "stauts"]),
    ] {
        let answer = harness.get(&format!("/v1/jobs?{query}")).await.refused(400, "invalid-parameters");
        assert_eq!(answer.faults(), faults, "{query}");
    }
    for limit in [1, 200] {
        harness.get(&format!("/v1/jobs?limit={limit}")).await.with_status(200);
    }
}

#[tokio::test]
async fn a_job_is_read_with_everything_that_is_known_of_it() {
    let harness = harness().await;
    let id = job(&harness, &harness.ours, "jq", "mine").await;
    let answer = harness.get(&format!("/v1/jobs/{id}")).await.with_status(200);
    assert_eq!((&answer.json["id"], &answer.json["correlation_id"]), (&json!(id), &json!("mine")));
    assert_eq!((&answer.json["connector"], &answer.json["tool"]), (&json!("toolbox"), &json!("jq")));
    for absent in ["organization", "read_only", "audit_event", "lease_number", "request_hash"] {
        assert_eq!(answer.json.get(absent), None, "{absent} is nobody's business");
    }
}

#[tokio::test]
async fn a_jobs_events_are_listed_in_order_and_in_pages() {
    let harness = harness().await;
    let id = job(&harness, &harness.ours, "jq", "mine").await;
    let kinds = |answer: &Answer| -> Vec<Value> {
        answer.json["items"].as_array().expect("items").iter().map(|event| event["kind"].clone()).collect()
    };
    let answer = harness.get(&format!("/v1/jobs/{id}/events")).await.with_status(200);
    assert_eq!(kinds(&answer), ["queued", "started", "finished"]);
    let answer = harness.get(&format!("/v1/jobs/{id}/events?limit=2")).await.with_status(200);
    let next = answer.json["next"].as_str().expect("a cursor");
    let answer = harness.get(&format!("/v1/jobs/{id}/events?limit=2&cursor={next}")).await.with_status(200);
    assert_eq!(kinds(&answer), ["finished"]);
    let foreign = Cursor::after(id.as_str()).encode();
    let answer = harness.get(&format!("/v1/jobs/{id}/events?cursor={foreign}")).await;
    assert_eq!(answer.refused(400, "invalid-parameters").faults(), ["cursor"]);
}

#[tokio::test]
async fn what_is_not_there_is_a_404_and_so_is_somebody_elses() {
    let harness = harness().await;
    let theirs = job(&harness, &harness.theirs, "jq", "a").await;
    for id in [theirs.as_str(), "0192d3a4-7b1c-7f00-8000-000000000000", "nonsense", "%00", "1"] {
        harness.get(&format!("/v1/jobs/{id}")).await.refused(404, "unknown-job");
        harness.get(&format!("/v1/jobs/{id}/events")).await.refused(404, "unknown-job");
        harness.post(&format!("/v1/jobs/{id}/cancel")).await.refused(404, "unknown-job");
    }
}
