//! Every limit, on both sides.

use std::time::{Duration, Instant};

use axum::body::Body;

use super::*;

fn post(path: &str, body: Body) -> Request<Body> {
    request(path).method("POST").body(body).expect("a request")
}

fn streamed(bytes: usize) -> Body {
    let chunks = (0..bytes / 1000).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1000]));
    Body::from_stream(futures::stream::iter(chunks))
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let app = App::with(|config| config.limits.request_body_bytes = 10_000);
    assert_eq!(app.send(post("/probe/body", Body::from(vec![0; 10_000]))).await.ok(), "10000");
    app.send(post("/probe/body", Body::from(vec![0; 10_001]))).await.is_problem(Kind::BodyTooLarge);
    assert_eq!(app.send(post("/probe/body", streamed(10_000))).await.ok(), "10000");
    app.send(post("/probe/body", streamed(11_000))).await.is_problem(Kind::BodyTooLarge);
    assert_eq!(app.send(post("/probe/ignore-body", streamed(5_000))).await.ok(), "ignored");
}

#[tokio::test]
async fn the_default_body_limit_is_four_mebibytes() {
    let app = App::new();
    assert_eq!(app.send(post("/probe/body", Body::from(vec![0; 4 << 20]))).await.ok(), "4194304");
    app.send(post("/probe/body", Body::from(vec![0; 10 << 20]))).await.is_problem(Kind::BodyTooLarge);
}

#[tokio::test]
async fn memory_is_limited() {
    let app = App::with(|config| config.limits.memory_bytes = 32 << 20);
    assert_eq!(app.get("/probe/allocate?16").await.ok(), "16");
    app.get("/probe/allocate?64").await.is_problem(Kind::OutOfMemory);
    app.get("/probe/allocate?100000").await.is_problem(Kind::OutOfMemory);
    assert_eq!(app.get("/probe/hello").await.ok(), "hello");
}

#[tokio::test]
async fn waiting_is_limited() {
    let app = App::with(|config| config.limits.request_timeout = Duration::from_millis(500));
    assert_eq!(app.get("/probe/sleep?100").await.ok(), "awake");
    let started = Instant::now();
    app.get("/probe/sleep?60000").await.is_problem(Kind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn computing_is_limited_and_others_run_meanwhile() {
    let app = App::with(|config| config.limits.cpu_time = Duration::from_millis(300));
    let runtime = app.runtime.clone();
    let endless = tokio::spawn(async move {
        let started = Instant::now();
        let response = runtime.handle(request("/probe/loop").body(Body::empty()).expect("a request"), CLIENT).await;
        (response.into_response().status().as_u16(), started.elapsed())
    });
    tokio::task::yield_now().await;
    // One thread runs both: the loop is interrupted again and again.
    assert_eq!(app.get("/probe/hello").await.ok(), "hello");
    let (status, time) = endless.await.expect("no panic");
    assert_eq!(status, 504);
    assert!(time < Duration::from_secs(5), "{time:?}");
    // Waiting is not computing.
    assert_eq!(app.get("/probe/sleep?600").await.ok(), "awake");
}

#[tokio::test]
async fn a_loop_also_ends_by_the_clock() {
    let app = App::with(|config| config.limits.request_timeout = Duration::from_millis(300));
    app.get("/probe/loop").await.is_problem(Kind::Timeout);
    assert_eq!(app.get("/probe/hello").await.ok(), "hello");
}

#[tokio::test]
async fn requests_wait_for_their_turn_and_not_for_ever() {
    let app = App::with(|config| {
        config.limits.concurrent_requests = 1;
        config.limits.queue_timeout = Duration::from_millis(300);
    });
    let sleep = |millis: u32| {
        let runtime = app.runtime.clone();
        tokio::spawn(async move {
            let request = request(&format!("/probe/sleep?{millis}")).body(Body::empty()).expect("a request");
            let (parts, body) = runtime.handle(request, CLIENT).await.expect("an answer").into_parts();
            body.collect().await.expect("a body");
            parts.status.as_u16()
        })
    };
    let first = sleep(100);
    tokio::task::yield_now().await;
    assert_eq!(app.get("/probe/hello").await.ok(), "hello", "it waited for the first");
    assert_eq!(first.await.expect("no panic"), 200);
    let long = sleep(1000);
    tokio::task::yield_now().await;
    let refused = app.get("/probe/hello").await;
    refused.is_problem(Kind::Unavailable);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(long.await.expect("no panic"), 200);
}

#[tokio::test]
async fn handles_are_limited() {
    let few = App::with(|config| config.limits.host_handles = 50);
    few.get("/probe/sqlite/hundred-connections").await.is_problem(Kind::Internal);
    assert_eq!(App::new().get("/probe/sqlite/hundred-connections").await.ok(), "100");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_are_all_served() {
    let app = App::new();
    let requests = (0..200).map(|_| {
        let runtime = app.runtime.clone();
        tokio::spawn(async move {
            let request = request("/probe/hello").body(Body::empty()).expect("a request");
            let answer = runtime.handle(request, CLIENT).await.expect("an answer");
            answer.into_body().collect().await.expect("a body").to_bytes()
        })
    });
    for answer in requests.collect::<Vec<_>>() {
        assert_eq!(answer.await.expect("no panic"), "hello");
    }
}
