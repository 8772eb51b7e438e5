//! Bodies of every wrong kind.

use axum::body::Body;
use bulkhead_function_tools::{describe, router};
use bulkhead_testkit::functions::{Answer, Harness};
use bytes::Bytes;
use futures::stream;
use http::Method;
use serde_json::json;

const JQ: &str = "/v1/connectors/toolbox/tools/jq/jobs";
const MIB: usize = 1 << 20;

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

async fn post(harness: &Harness, content_type: &str, body: impl Into<Body>) -> Answer {
    harness.request(Method::POST, JQ).body(content_type, body).send().await
}

/// A valid body of exactly this many bytes.
fn of_length(bytes: usize) -> String {
    let empty = json!({"arguments": {"filter": ".", "input": ""}}).to_string();
    let input = "x".repeat(bytes - empty.len());
    json!({"arguments": {"filter": ".", "input": input}}).to_string()
}

/// A body that comes in pieces and does not say how long it is; counts what was taken of it.
fn in_pieces(pieces: usize, taken: &std::sync::Arc<std::sync::atomic::AtomicUsize>) -> Body {
    let taken = taken.clone();
    let piece = Bytes::from(vec![b' '; MIB / 4]);
    Body::from_stream(stream::iter((0..pieces).map(move |_| {
        taken.fetch_add(piece.len(), std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::io::Error>(piece.clone())
    })))
}

#[tokio::test]
async fn a_body_may_have_a_mebibyte_and_not_a_byte_more() {
    let harness = harness().await;
    post(&harness, "application/json", of_length(MIB)).await.with_status(202);
    let answer = post(&harness, "application/json", of_length(MIB + 1)).await.refused(413, "body-too-large");
    assert_eq!(answer.json["limit_bytes"], MIB);
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_taken_in_so_that_the_client_gets_to_the_answer() {
    let harness = harness().await;
    post(&harness, "application/json", of_length(10_000_000)).await.refused(413, "body-too-large");
    let taken = std::sync::Arc::default();
    post(&harness, "application/json", in_pieces(40, &taken)).await.refused(413, "body-too-large");
    assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), 10 * MIB);
}

#[tokio::test]
async fn of_more_than_that_only_a_part_is_taken_in() {
    let harness = harness().await;
    let taken = std::sync::Arc::default();
    post(&harness, "application/json", in_pieces(400, &taken)).await.refused(413, "body-too-large");
    assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), 16 * MIB);

    let taken = std::sync::Arc::default();
    let call = harness.request(Method::POST, JQ).body("application/json", in_pieces(400, &taken));
    call.header("content-length", &(100 * MIB).to_string()).send().await.refused(413, "body-too-large");
    assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn nobody_without_a_key_gets_a_body_read() {
    let harness = harness().await;
    let taken = std::sync::Arc::default();
    let call = harness.call(Method::POST, JQ).body("application/json", in_pieces(40, &taken));
    call.send().await.refused(401, "unauthenticated");
    assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_is_not_declared_as_json_is_refused() {
    let harness = harness().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", "json", ""] {
        let answer = post(&harness, content_type, of_length(100)).await.refused(415, "unsupported-media-type");
        assert_eq!(answer.header("accept"), "application/json");
    }
    harness.post(JQ).await.refused(415, "unsupported-media-type");
    post(&harness, "application/json; charset=utf-8", of_length(100)).await.with_status(202);
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_its_place() {
    let harness = harness().await;
    let answer = post(&harness, "application/json", "{\n \"arguments\": nonsense}").await;
    let answer = answer.refused(400, "malformed-json");
    assert_eq!((&answer.json["line"], &answer.json["column"]), (&json!(2), &json!(16)));
    for body in [&b""[..], b"\xff\xfe\x00", b"{\"arguments\": {", b"[[[[", b"{} {}", "[".repeat(100_000).as_bytes()] {
        post(&harness, "application/json", body.to_vec()).await.refused(400, "malformed-json");
    }
}

#[tokio::test]
async fn json_of_another_shape_is_refused_at_its_pointer() {
    let harness = harness().await;
    let cases = [
        (json!({}), "/arguments"),
        (json!({"arguments": null}), "/arguments"),
        (json!({"arguments": []}), "/arguments"),
        (json!({"arguments": {}, "argument": {}}), "/argument"),
        (json!("text"), ""),
    ];
    for (body, pointer) in cases {
        let answer = harness.request(Method::POST, JQ).json(&body).send().await;
        assert_eq!(answer.refused(422, "invalid-body").faults(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let harness = harness().await;
    let pieces = [Ok(Bytes::from_static(b"{\"arguments\": ")), Err(std::io::Error::other("reset"))];
    let answer = post(&harness, "application/json", Body::from_stream(stream::iter(pieces))).await;
    let answer = answer.refused(400, "incomplete-body");
    assert!(!answer.json.to_string().contains("reset"));
}

#[tokio::test]
async fn strange_but_valid_arguments_survive() {
    let harness = harness().await;
    let input = json!({"": "\u{0}\u{7f}\u{ffff}", "\"\\/": [i64::MIN, u64::MAX, 1.5e300, "𝄞"], "$1": "'; --"});
    let body = json!({"arguments": {"filter": ".", "input": input}});
    let call = harness.request(Method::POST, JQ).json(&body).header("prefer", "wait=1");
    assert_eq!(call.send().await.with_status(200).json["arguments"]["input"], input);
}
