//! What is true of every request, whatever it asks for.

use bulkhead_function_tools::{describe, router, routes};
use bulkhead_identity::ApiKeyToken;
use bulkhead_testkit::SeededEntropy;
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

const PATHS: [(Method, &str); 12] = [
    (Method::GET, "/v1/connectors"),
    (Method::GET, "/v1/connectors/toolbox"),
    (Method::GET, "/v1/connectors/toolbox/tools"),
    (Method::GET, "/v1/connectors/toolbox/restrictions"),
    (Method::PUT, "/v1/connectors/toolbox/restrictions"),
    (Method::DELETE, "/v1/connectors/toolbox/restrictions"),
    (Method::POST, "/v1/connectors/toolbox/tools/jq/jobs"),
    (Method::GET, "/v1/jobs"),
    (Method::GET, "/v1/jobs/0192d3a4-7b1c-7f00-8000-000000000000"),
    (Method::GET, "/v1/jobs/0192d3a4-7b1c-7f00-8000-000000000000/events"),
    (Method::POST, "/v1/jobs/0192d3a4-7b1c-7f00-8000-000000000000/answers"),
    (Method::POST, "/v1/jobs/0192d3a4-7b1c-7f00-8000-000000000000/cancel"),
];

/// What tells one refused credential from another: everything but the ids of the request.
fn without_ids(mut answer: Answer) -> (String, String) {
    answer.json.as_object_mut().expect("a problem").remove("correlation_id");
    (answer.json.to_string(), answer.header("www-authenticate").to_owned())
}

#[tokio::test]
async fn every_route_wants_a_key() {
    let harness = harness().await;
    for (method, path) in PATHS {
        let answer = harness.call(method.clone(), path).send().await.refused(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
    }
    assert_eq!(routes().list().len(), PATHS.len(), "a route is not in the list above");
}

#[tokio::test]
async fn every_invalid_credential_gets_the_same_answer() {
    let harness = harness().await;
    let good = &harness.ours.key;
    let mistyped = format!("{}{}", &good[..59], if good.ends_with('0') { '1' } else { '0' });
    let [expired, revoked] = harness.dead_keys().await;
    let stranger = nobodys_key();
    let mut answers = Vec::new();
    for header in [
        format!("Bearer {mistyped}"),
        format!("Bearer {expired}"),
        format!("Bearer {revoked}"),
        format!("Bearer {stranger}"),
        "Bearer nonsense".to_owned(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        "Basic dXNlcjpwYXNzd29yZA==".to_owned(),
        good.clone(),
    ] {
        let answer = harness.call(Method::GET, "/v1/jobs").header("authorization", &header).send().await;
        answers.push(without_ids(answer.refused(401, "unauthenticated")));
    }
    let raw = harness.call(Method::GET, "/v1/jobs").header_bytes("authorization", b"Bearer \xff\xfe").send().await;
    answers.push(without_ids(raw.refused(401, "unauthenticated")));
    let twice = harness.request(Method::GET, "/v1/jobs").key(good).send().await;
    answers.push(without_ids(twice.refused(401, "unauthenticated")));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

/// A well-formed key that nobody has.
fn nobodys_key() -> String {
    ApiKeyToken::generate(&SeededEntropy::default()).expose().to_owned()
}

#[tokio::test]
async fn the_scheme_may_be_written_in_any_case() {
    let harness = harness().await;
    let header = format!("bEARER {}", harness.ours.key);
    harness.call(Method::GET, "/v1/jobs").header("authorization", &header).send().await.with_status(200);
}

#[tokio::test]
async fn a_sane_correlation_id_is_kept_and_another_one_replaced() {
    let harness = harness().await;
    let sent = |value: &'static [u8]| harness.request(Method::GET, "/v1/jobs").header_bytes("x-correlation-id", value);
    assert_eq!(sent(b"build-42_a.b").send().await.header("x-correlation-id"), "build-42_a.b");
    for insane in [&b""[..], b"a b", b"\xff", b"<script>", &[b'a'; 65]] {
        let answer = sent(insane).send().await.with_status(200);
        let made = answer.header("x-correlation-id");
        assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{made}");
    }
}

#[tokio::test]
async fn a_refusal_carries_the_correlation_id_and_the_path() {
    let harness = harness().await;
    let call = harness.call(Method::GET, "/v1/jobs?limit=5").header("x-correlation-id", "mine");
    let answer = call.send().await.refused(401, "unauthenticated");
    assert_eq!((answer.json["correlation_id"].as_str(), answer.header("x-correlation-id")), (Some("mine"), "mine"));
    assert_eq!(answer.json["instance"], "/v1/jobs");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_with_or_without_a_key() {
    let harness = harness().await;
    for path in ["/v1/jobs/x/y/z", "/v1/connectors/toolbox/nothing", "/", "/v1", "/v1/jobs/", "//"] {
        harness.get(path).await.refused(404, "unknown-path");
        harness.call(Method::GET, path).send().await.refused(404, "unknown-path");
    }
    harness.get("/v1/jobs/%ff").await.refused(404, "unknown-path");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_a_problem_that_names_those_it_has() {
    let harness = harness().await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        let answer = harness.request(method, "/v1/jobs").send().await.refused(405, "method-not-allowed");
        let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "HEAD", "OPTIONS"]);
    }
    let answer = harness.get("/v1/jobs/0192d3a4-7b1c-7f00-8000-000000000000/cancel").await;
    assert!(answer.refused(405, "method-not-allowed").header("allow").contains("POST"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let harness = harness().await;
    let answer = harness.request(Method::HEAD, "/v1/connectors").send().await.with_status(200);
    assert!(answer.json.is_null());
    let answer = harness.call(Method::HEAD, "/v1/connectors").send().await.with_status(401);
    assert!(answer.json.is_null());
}

#[tokio::test]
async fn options_names_a_paths_methods_without_a_key() {
    let harness = harness().await;
    let answer = harness.call(Method::OPTIONS, "/v1/jobs").send().await.with_status(204);
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    let path = "/v1/connectors/toolbox/tools/jq/jobs";
    let answer = harness.call(Method::OPTIONS, path).send().await.with_status(204);
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
    harness.call(Method::OPTIONS, "/nothing").send().await.refused(404, "unknown-path");
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_a_503_that_says_so_and_no_more() {
    let harness = harness().await.unmigrated().await;
    for (method, path) in PATHS {
        let answer = harness.request(method, path).send().await.refused(503, "not-migrated");
        assert_eq!(answer.header("retry-after"), "");
        assert!(!answer.json.to_string().contains("api_keys"), "{}", answer.json);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503_that_says_when_to_come_back() {
    let harness = harness().await.without_database().await;
    let answer = harness.get("/v1/jobs").await.refused(503, "database-unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn parameters_that_a_request_does_not_take_are_refused() {
    let harness = harness().await;
    for (method, path) in PATHS {
        let answer = harness.request(method, &format!("{path}?nonsense=1")).send().await;
        assert_eq!(answer.refused(400, "invalid-parameters").faults(), ["nonsense"], "{path}");
    }
}
