//! What a function sees of a request, and a caller of a function.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use bulkhead_kernel::CorrelationId;

use super::*;

#[tokio::test]
async fn a_function_answers() {
    let app = App::new();
    assert_eq!(app.get("/probe/hello").await.ok(), "hello");
    assert_eq!(app.get("/probe/body").await.ok(), "0");
    let body = request("/probe/body").method("POST").body(Body::from("four")).expect("a request");
    assert_eq!(app.send(body).await.ok(), "4");
}

#[tokio::test]
async fn spins_own_headers_are_set_and_cannot_be_forged() {
    let app = App::new();
    let forged = request("/user/42/rest/?q=1")
        .header("spin-client-addr", "6.6.6.6:1")
        .header("spin-path-match-other", "forged")
        .header("connection", "keep-alive")
        .header("accept", "a")
        .header("accept", "b");
    // The route is the probe's, the path is not one it knows: what it was asked is in its answer.
    let text = app.send(forged.uri("/probe/headers?q=1").body(Body::empty()).expect("a request")).await.ok();
    for line in [
        "spin-full-url: http://edge.test:3000/probe/headers?q=1",
        "spin-path-info: /headers",
        "spin-matched-route: /probe/...",
        "spin-raw-component-route: /probe/...",
        "spin-component-route: /probe",
        "spin-base-path: /",
        "spin-client-addr: 127.0.0.1:4711",
        "x-correlation-id: test-1",
        "accept: a",
        "accept: b",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing from\n{text}");
    }
    assert!(!text.contains("6.6.6.6") && !text.contains("forged") && !text.contains("keep-alive"), "{text}");
}

#[tokio::test]
async fn the_correlation_id_of_the_extensions_wins() {
    let app = App::new();
    let id = CorrelationId::parse("from-the-host").expect("an id");
    let answer = app.send(request("/probe/headers").extension(id).body(Body::empty()).expect("a request")).await.ok();
    assert!(answer.contains("x-correlation-id: from-the-host") && !answer.contains("test-1"), "{answer}");
}

#[tokio::test]
async fn what_has_no_route_or_no_host_gets_a_problem() {
    let app = App::new();
    app.get("/other").await.is_problem(Kind::UnknownPath);
    app.get("/.well-known/spin/other").await.is_problem(Kind::UnknownPath);
    assert_eq!(app.get("/.well-known/spin/health").await.ok(), "OK");
    let without_host = Request::get("/probe/hello").header("x-correlation-id", "test-1").body(Body::empty());
    app.send(without_host.expect("a request")).await.is_problem(Kind::InvalidHeader);
    let two_hosts = request("http://other.test/probe/hello").body(Body::empty()).expect("a request");
    app.send(two_hosts).await.is_problem(Kind::InvalidHeader);
}

#[tokio::test]
async fn a_trap_is_a_problem_and_the_next_request_is_served() {
    let app = App::new();
    for _ in 0..20 {
        app.get("/probe/trap").await.is_problem(Kind::Internal);
    }
    assert_eq!(app.get("/probe/hello").await.ok(), "hello");
}

#[tokio::test]
async fn an_instance_serves_one_request_unless_it_may_serve_more() {
    let fresh = App::new();
    assert_eq!(fresh.get("/probe/count").await.ok(), "1");
    assert_eq!(fresh.get("/probe/count").await.ok(), "1");
    let reused = App::with(|config| config.limits.requests_per_instance = 3);
    let mut counts = Vec::new();
    for _ in 0..4 {
        counts.push(reused.get("/probe/count").await.ok());
    }
    assert_eq!(counts, ["1", "2", "3", "1"]);
}

#[tokio::test]
async fn variables_are_those_of_the_component() {
    let app = App::with_variable("greeting", "good evening");
    assert_eq!(app.get("/probe/variable?greeting").await.ok(), "good evening, world");
    assert_eq!(app.get("/probe/variable?secret").await.ok(), "hunter2");
    assert_eq!(app.get("/probe/variable?allowed").await.status, 404);
    assert!(app.get("/probe/variable?Bad-Name").await.text.contains("Bad-Name"));
}

#[tokio::test]
async fn a_live_variable_is_what_it_is_at_each_use() {
    let uses = std::sync::atomic::AtomicUsize::new(0);
    let value = move || Secret::new(format!("use {}", uses.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
    let app = App::with(|config| _ = config.live.insert("secret".to_owned(), LiveVariable::new(value)));
    assert_eq!(app.get("/probe/variable?secret").await.ok(), "use 0");
    assert_eq!(app.get("/probe/variable?secret").await.ok(), "use 1");
    assert_eq!(app.get("/probe/variable?greeting").await.ok(), "hello, world");
}

#[tokio::test]
async fn a_function_sees_no_files_and_only_its_own_environment() {
    let app = App::new();
    assert_eq!(app.get("/probe/environment").await.ok(), "COLOUR=blue\n");
    assert!(app.get("/probe/files").await.ok().starts_with("Err"));
}

#[tokio::test]
async fn a_runtime_tells_its_routes_and_components() {
    let app = App::new();
    assert_eq!(app.runtime.application(), "probe");
    assert!(app.runtime.routes().iter().any(|route| route.route == "/probe/..." && route.component == "probe"));
    assert_eq!(app.runtime.components()[0].id, "probe");
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_a_function_prints_is_logged_line_by_line_and_no_secret_is() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone());
    // One thread runs this test and the function, so a subscriber of the thread sees both.
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let app = App::with(|config| config.limits.log_line_bytes = 100);
    app.get("/probe/print").await.ok();
    app.get("/probe/variable?secret").await.ok();
    drop(guard);
    let log = String::from_utf8(captured.0.lock().expect("no panic").clone()).expect("text");
    let printed: Vec<_> = log.lines().filter(|line| line.contains("bulkhead::function")).collect();
    for text in ["printed to stdout", "printed to stderr", "not a whole line"] {
        let line =
            printed.iter().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text} is missing from\n{log}"));
        assert!(line.contains("component=\"probe\"") && line.contains("correlation=\"test-1\""), "{line}");
    }
    assert!(printed.iter().any(|line| line.contains(&"x".repeat(100))), "the long line is there up to its limit");
    assert!(!log.contains(&"x".repeat(101)), "and not beyond it");
    assert!(!log.contains("hunter2"));
}

#[tokio::test]
async fn lines_beyond_the_limit_are_left_out() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let app = App::with(|config| config.limits.log_lines = 1);
    app.get("/probe/print").await.ok();
    drop(guard);
    let log = String::from_utf8(captured.0.lock().expect("no panic").clone()).expect("text");
    assert!(log.contains("printed to stdout") && log.contains("more than 1 lines"), "{log}");
    assert!(!log.contains("xxx") && !log.contains("not a whole line"), "{log}");
}
