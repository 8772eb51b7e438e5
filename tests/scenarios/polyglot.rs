//! Connectors in other languages than Rust (`tests/polyglot`): built with their own toolchains, and called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bulkhead_system_tests::{Host, Setup, path, program, run};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn source(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("polyglot").join(language)
}

fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// What docs/connectors.md says to type, with jco as npm installed it.
fn javascript(component: &Path) -> Command {
    let mut command = program("BULKHEAD_NODE");
    command.arg(path("BULKHEAD_NODE_MODULES").join("@bytecodealliance/jco/src/jco.js")).arg("componentize");
    command.arg(source("javascript").join("connector.js")).arg("--wit").arg(contract());
    command.args(["--world-name", "tool-connector", "--out"]).arg(component);
    command
}

/// The same with componentize-py as pip installed it.
fn python(component: &Path) -> Command {
    let mut command = Command::new(path("BULKHEAD_PYTHON").with_file_name("componentize-py"));
    command.arg("--wit-path").arg(contract()).arg("--wit-path").arg(source("python").join("wit"));
    command.args(["--world", "example:connector/python-connector", "componentize", "connector", "--python-path"]);
    command.arg(source("python")).arg("--output").arg(component);
    command
}

/// A host with the connector of this language, whose `base_url` is this.
async fn host(language: &str, build: impl FnOnce(&Path) -> Command, base_url: &str) -> Host {
    let setup = Setup::up().await;
    let folder = setup.connectors().join(language);
    fs::create_dir(&folder).expect("a folder can be made");
    fs::copy(source(language).join("connector.toml"), folder.join("connector.toml")).expect("a file can be copied");
    let ended = run(&mut build(&folder.join("component.wasm"))).await;
    assert!(ended.status.success(), "{}{}", ended.output, ended.errors);
    setup.config(&format!("[connectors.{language}]\nbase_url = '{base_url}'\n")).start().await
}

/// A server that answers every request with the same text.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                if !stream.read_buf(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
        }
    });
    format!("http://{address}")
}

/// It is listed, computes, logs, and reaches what it was granted and nothing else.
async fn works(language: &str, build: impl FnOnce(&Path) -> Command) {
    let server = server().await;
    let host = host(language, build, &server).await;

    let listed = host.stateless("tools/list", json!({})).send().await.expect(200);
    let tools = listed["result"]["tools"].as_array().expect("tools");
    let counts = format!("{language}_count_words");
    let tool = tools.iter().find(|tool| tool["name"] == counts.as_str()).expect("it is listed");
    assert_eq!(tool["annotations"]["readOnlyHint"], true);
    assert_eq!(tool["inputSchema"]["required"], json!(["text"]));

    let job = host.job(language, "count_words", json!({ "text": "to be or not to be" })).await;
    let words = json!({ "words": { "to": 2, "be": 2, "or": 1, "not": 1 } });
    assert_eq!(job["result"]["structuredContent"], words, "{job:#}");
    let events = host.events(job["id"].as_str().expect("an id")).await;
    assert!(events.iter().any(|event| event["message"] == "counted 4 words"), "{events:#?}");

    let fetch = async |url: &str| host.job(language, "fetch_text", json!({ "url": url })).await;
    let fetched = fetch("/texts/greeting").await;
    assert_eq!(fetched["result"]["structuredContent"], json!({ "status": 200, "text": "hello" }), "{fetched:#}");
    let elsewhere = format!("{server}/secrets");
    for refused in [elsewhere.as_str(), "/texts/../secrets", "https://example.com/texts/x"] {
        let job = fetch(refused).await;
        assert_eq!(job["status"], "failed", "{refused}: {job:#}");
        assert_eq!(job["result"], Value::Null, "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_in_javascript_works() {
    works("javascript", javascript).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_in_python_works() {
    works("python", python).await;
}

/// The code of docs/connectors.md in this language.
fn shown(language: &str) -> Vec<String> {
    let page = include_str!("../../docs/connectors.md");
    let start = format!("```{language}\n");
    let blocks = page.split(&start).skip(1).filter_map(|rest| rest.split("\n```").next());
    let lines = blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn the_documentation_shows_what_is_built() {
    let read = |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a source");
    let built = [
        ("rust", read("../connectors/kit/src/lib.rs") + &read("guests/plain-types/src/calc.rs")),
        ("js", read("polyglot/javascript/connector.js")),
        ("python", read("polyglot/python/connector.py")),
        ("wit", read("polyglot/python/wit/world.wit") + &read("guests/plain-types/wit/world.wit")),
        ("toml", read("polyglot/javascript/connector.toml")),
    ];
    for (language, source) in built {
        let lines = shown(language);
        assert!(lines.len() > 3, "docs/connectors.md has no {language}");
        for line in lines {
            assert!(
                source.contains(&line),
                "{line:?} in docs/connectors.md is not in the {language} that the tests build"
            );
        }
    }
}
