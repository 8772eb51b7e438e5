//! Our own authorization server, as MCP clients use it: they know an endpoint, are refused there, find out who gives tokens for
//! it, register themselves, send their person there, and call a tool.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use bulkhead_system_tests::{Browser, Host, Process, Setup, eventually, path, program};
use serde_json::{Value, json};

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("an address").port()
}

/// The line after this word, once it is whole.
pub(crate) async fn said_after(process: &mut Process, word: &str) -> String {
    eventually(&format!("the client says {word:?}"), async || {
        if let Some(status) = process.ended() {
            panic!("the client ended: {status}\n{}", process.said());
        }
        let said = process.said();
        let (_, line) = said.split_once(word)?;
        line.split_once('\n').map(|(line, _)| line.trim().to_owned())
    })
    .await
}

/// Lets a client come in by its own means, with a person who signs in and agrees.
async fn comes_in(host: &Host, client: &mut Command) -> Value {
    let mut client = Process::start(client);
    let url = said_after(&mut client, "open: ").await;
    let told = Browser::default().agree(host, &url).await;
    assert!(told.text().contains("You can close this window"), "{}", told.text());
    last_said(&mut client).await
}

/// The last line of a client that ends well.
pub(crate) async fn last_said(client: &mut Process) -> Value {
    let status = client.wait().await;
    let said = client.said();
    assert!(status.success(), "{said}");
    let last = said.trim().lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// What it got and what is known of it afterwards.
async fn came_in(host: &Host, said: &Value) {
    assert_eq!(said["result"], json!({ "results": [42] }), "{said:#}");
    assert_eq!(said["refreshed"], true, "{said:#}");
    let jobs = host.items("/v1/jobs?status=succeeded").await;
    assert_eq!(jobs.len(), 2, "{jobs:#?}");
    // It acted as its person, by a grant that they can see and end.
    let entry = host.audit(&format!("job={}", jobs[0]["id"].as_str().expect("an id"))).await.remove(0);
    assert_eq!(
        (&entry["actor"]["type"], &entry["actor"]["id"]),
        (&json!("user"), &host.get("/v1/profile").await["id"]),
        "{entry:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_comes_in_by_itself() {
    let host = Setup::up().await.start().await;
    let mut client = program("BULKHEAD_NODE");
    let client =
        client.arg(script("node/call_oauth.mjs")).args([&format!("http://{}/mcp", host.address()), "stranger"]);
    let said = comes_in(&host, client).await;
    let issuer = format!("http://{}", host.address());
    assert_eq!((&said["iss"], &said["scope"]), (&json!(issuer), &json!("tools")), "{said:#}");
    came_in(&host, &said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_comes_in_by_itself() {
    let host = Setup::up().await.start().await;
    let mut client = program("BULKHEAD_PYTHON");
    let client = client.arg(script("python/call_oauth.py")).arg(format!("http://{}/mcp", host.address()));
    let said = comes_in(&host, client).await;
    came_in(&host, &said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authorization_server_conforms() {
    let host = Setup::up().await.start().await;
    let origin = format!("http://{}", host.address());
    let port = free_port();
    let metadata = json!({
        "client_name": "conformance",
        "redirect_uris": [format!("http://127.0.0.1:{port}/callback")],
        "token_endpoint_auth_method": "none",
    });
    let registered = host.request("POST", "/oauth/register").json(&metadata).send().await.expect(201);
    let mut suite = program("BULKHEAD_NODE");
    suite
        .arg(path("BULKHEAD_NODE_MODULES").join("@modelcontextprotocol/conformance/dist/index.js"))
        .args(["authorization", "--url", &origin, "--client-id", registered["client_id"].as_str().expect("an id")])
        .args(["--resource", &format!("{origin}/mcp"), "--port", &port.to_string()])
        .arg("-o")
        .arg(host.setup().folder().join("conformance"));
    let mut suite = Process::start(&mut suite);
    let _ = said_after(&mut suite, "Callback server started").await;
    let url = said_after(&mut suite, "complete the authentication process.\n").await;
    let told = Browser::default().agree(&host, &url).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let status = suite.wait().await;
    let said = suite.said();
    assert!(status.success(), "{said}");
    // A suite that found nothing to do would end well too.
    for check in ["authorization-server-metadata-endpoint", "authorization-code-grant"] {
        assert!(said.contains(check), "{said}");
    }
    assert!(!said.contains("SKIPPED") && !said.contains("WARNING") && !said.contains("FAILURE"), "{said}");
}
