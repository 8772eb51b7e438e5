//! MCP clients as people have them: the official ones of Python and TypeScript, fastmcp, and the inspector.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use bulkhead_system_tests::{Host, Setup, path, program, run};
use serde_json::{Value, json};

/// What the Python client says of each era of the protocol.
async fn python(arguments: impl FnOnce(&mut Command) -> &mut Command) {
    let mut command = program("BULKHEAD_PYTHON");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python/call_jq.py"));
    let ended = run(arguments(&mut command)).await;
    assert!(ended.status.success(), "{}{}", ended.output, ended.errors);
    let said: Vec<Value> = ended.output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let versions: Vec<_> = said.iter().map(|era| era["version"].as_str().expect("a version")).collect();
    assert_eq!(versions, ["2026-07-28", "2025-11-25"]);
    for era in said {
        assert!(era["tools"].as_array().is_some_and(|tools| tools.contains(&json!("toolbox_jq"))), "{era:#}");
        assert_eq!(era["result"], json!({ "results": [42] }));
    }
}

/// What a client says of each era of the protocol that lists, calls, is asked, and is told of progress.
fn understands(ended: &bulkhead_system_tests::Ended) {
    assert!(ended.status.success(), "{}{}", ended.output, ended.errors);
    let said: Vec<Value> = ended.output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let versions: Vec<_> = said.iter().map(|era| era["version"].as_str().expect("a version")).collect();
    assert_eq!(versions, ["2026-07-28", "2025-11-25"]);
    for era in said {
        assert!(era["tools"].as_array().is_some_and(|tools| tools.contains(&json!("toolbox_jq"))), "{era:#}");
        assert_eq!(era["result"], json!({ "results": [42] }));
        let answer = r#"User response: action=accept, content={"email":"ada@example.com","username":"ada"}"#;
        assert_eq!(era["elicited"], answer);
        let progress: Vec<f64> = serde_json::from_value(era["progress"].clone()).expect("numbers");
        assert_eq!(progress, [0.0, 50.0, 100.0]);
    }
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

fn typescript() -> Command {
    let mut command = program("BULKHEAD_NODE");
    command.arg(script("node/call.mjs"));
    command
}

fn fastmcp() -> Command {
    let mut command = program("BULKHEAD_PYTHON");
    command.arg(script("python/call_fastmcp.py"));
    command
}

/// In both eras, and of nothing that it did not subscribe to or the connector may not speak of.
fn hears_of_updates(ended: &bulkhead_system_tests::Ended) {
    for line in ended.output.lines() {
        let era: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(era["updated"], json!(["test://watched-resource"]), "{era:#}");
    }
}

async fn over_http(mut client: Command) -> bulkhead_system_tests::Ended {
    let host = Setup::up().await.with_conformance().start().await;
    let ended = run(client.args(["http", &format!("http://{}/mcp", host.address()), host.key()])).await;
    understands(&ended);
    ended
}

async fn over_stdio(mut client: Command) -> bulkhead_system_tests::Ended {
    let setup = Setup::up().await.with_conformance().command("mcp");
    let server = setup.command_line();
    let database: Vec<_> = setup.database().url().into_iter().flat_map(|url| ["--database-url", url]).collect();
    let client = client.arg("stdio").arg(server.get_program()).args(server.get_args()).args(&database);
    let ended = run(client).await;
    understands(&ended);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_works_over_http() {
    hears_of_updates(&over_http(typescript()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_works_over_stdio() {
    hears_of_updates(&over_stdio(typescript()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn fastmcp_works_over_http() {
    over_http(fastmcp()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fastmcp_works_over_stdio() {
    over_stdio(fastmcp()).await;
}

/// The inspector's command line, with an own folder for what it keeps.
async fn inspector(host: &Host, arguments: &[&str]) -> Value {
    let script = "@modelcontextprotocol/inspector/clients/launcher/build/index.js";
    let mut command = program("BULKHEAD_NODE");
    command.env("HOME", host.setup().folder()).arg(path("BULKHEAD_NODE_MODULES").join(script));
    command.args(["--cli", &format!("http://{}/mcp", host.address()), "--transport", "http"]);
    command.args(["--header", &format!("Authorization: Bearer {}", host.key())]).args(arguments);
    let ended = run(&mut command).await;
    assert!(ended.status.success(), "{}{}", ended.output, ended.errors);
    serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {}", ended.output))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_and_calls_over_http() {
    let host = Setup::up().await.start().await;
    python(|command| command.args(["http", &format!("http://{}/mcp", host.address()), host.key()])).await;
    assert_eq!(host.items("/v1/jobs?status=succeeded").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_and_calls_over_stdio() {
    let setup = Setup::up().await.command("mcp");
    let server = setup.command_line();
    // Its environment is the client's to give; the database is named on the command line instead.
    let database: Vec<_> = setup.database().url().into_iter().flat_map(|url| ["--database-url", url]).collect();
    python(|command| command.arg("stdio").arg(server.get_program()).args(server.get_args()).args(&database)).await;

    // What was called over stdio is in the same database as everything else.
    let host = setup.command("up").start().await;
    assert_eq!(host.items("/v1/jobs?status=succeeded").await.len(), 2);
}

/// The command line of a server over standard input and output with what this host has.
fn stdio_beside(host: &Host) -> Vec<OsString> {
    let server = host.setup().command_line();
    let database = host.setup().database().url().into_iter().flat_map(|url| ["--database-url", url]);
    let command = [server.get_program(), OsStr::new("mcp")].into_iter().chain(server.get_args().skip(1));
    command.map(OsStr::to_owned).chain(database.map(OsString::from)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stdio_works_beside_a_running_host() {
    let host = Setup::up().await.start().await;
    python(|command| command.arg("stdio").args(stdio_beside(&host))).await;
    assert_eq!(host.items("/v1/jobs?status=succeeded").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_stdio_that_its_client_cancels_ends_the_guest_and_the_job() {
    let host = Setup::up().await.with_hostile().start().await;
    let mut client = program("BULKHEAD_NODE");
    client.arg(script("node/cancel.mjs")).args([&format!("http://{}", host.address()), host.key()]);
    let ended = run(client.args(stdio_beside(&host))).await;
    assert!(ended.status.success(), "{}{}", ended.output, ended.errors);
    let eras: Vec<Value> = ended.output.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let versions: Vec<_> = eras.iter().map(|era| &era["version"]).collect();
    assert_eq!(versions, ["2026-07-28", "2025-11-25"]);
    for era in &eras {
        let job = &era["job"];
        assert_eq!((&era["refused"], &job["status"]), (&json!(true), &json!("canceled")), "{era:#}");
        assert!(job["usage"]["wall_us"].as_u64().is_some_and(|wall| wall < 20_000_000), "{era:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_lists_and_calls() {
    let host = Setup::up().await.start().await;
    let listed = inspector(&host, &["--method", "tools/list"]).await;
    let tools = listed["tools"].as_array().expect("tools are listed");
    assert!(tools.iter().any(|tool| tool["name"] == "toolbox_jq"), "{listed:#}");

    let call = ["--method", "tools/call", "--tool-name", "toolbox_jq", "--tool-arg", "filter=.a", "input={\"a\":42}"];
    let called = inspector(&host, &call).await;
    assert_eq!(called["structuredContent"], json!({ "results": [42] }), "{called:#}");
    assert_eq!(host.items("/v1/jobs?status=succeeded").await.len(), 1);
}
