//! The Spin component that the edge runtime's tests drive: it uses, and abuses, everything a function may.
//!
//! The path says what it does. Nothing in it is special to the embedded runtime: it runs under `spin up` as well.

mod database;
mod outbound;

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_service;

/// What a route answers: a status and a text.
type Answer = (u16, String);

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let (status, text) = answer(request).await;
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status.try_into().expect("a status");
    response
}

#[expect(clippy::disallowed_methods, reason = "it looks for what it should not find")]
async fn answer(request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or("").to_owned();
    match parts.uri.path() {
        "/probe/hello" => (200, "hello".into()),
        "/probe/headers" => {
            let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
            };
            (200, parts.headers.iter().map(line).collect())
        }
        "/probe/body" => match body.collect().await {
            Ok(body) => (200, body.to_bytes().len().to_string()),
            Err(error) => (500, error.to_string()),
        },
        "/probe/ignore-body" => (200, "ignored".into()),
        "/probe/count" => (200, counted().to_string()),
        "/probe/trap" => panic!("trapped on purpose"),
        "/probe/loop" => loop {
            std::hint::black_box(());
        },
        "/probe/allocate" => (200, allocate(query.parse().unwrap_or(usize::MAX))),
        "/probe/sleep" => {
            spin_sdk::time::sleep(Duration::from_millis(query.parse().expect("milliseconds"))).await;
            (200, "awake".into())
        }
        "/probe/print" => {
            print();
            (200, "printed".into())
        }
        "/probe/environment" => {
            (200, std::env::vars().map(|(name, value)| format!("{name}={value}\n")).collect::<String>())
        }
        "/probe/files" => (200, format!("{:?}", std::fs::read_dir("/").map(Iterator::count))),
        "/probe/variable" => match spin_sdk::variables::get(&query).await {
            Ok(value) => (200, value),
            Err(error) => (404, error.to_string()),
        },
        "/probe/fetch" => outbound::fetch(&query).await,
        "/probe/key-value" => database::key_value(&query).await,
        "/probe/postgres" => database::postgres(&query).await,
        path => match path.strip_prefix("/probe/sqlite/") {
            Some(what) => database::sqlite(what).await,
            None => (404, format!("the probe has no {path}")),
        },
    }
}

/// How many requests this instance has counted: what a function must never rely on.
fn counted() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// Holds this many MiB.
fn allocate(mebibytes: usize) -> String {
    let mut held = Vec::new();
    for _ in 0..mebibytes {
        held.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
    held.len().to_string()
}

/// Prints a line to each stream, one that is too long, and one that does not end.
#[expect(clippy::print_stdout, reason = "what becomes of it is what is tested")]
fn print() {
    println!("printed to stdout");
    eprintln!("printed to stderr");
    println!("{}", "x".repeat(100_000));
    print!("not a whole line");
    std::io::stdout().flush().expect("stdout takes everything");
}
