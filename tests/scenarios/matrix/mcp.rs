//! The methods of MCP. Everything under `/mcp` is for users of an organisation, of whatever role.

use std::collections::BTreeSet;

use bulkhead_system_tests::{Host, Reply};
use serde_json::{Value, json};

use super::{host, job};

/// What another tenant's owner gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    /// What is theirs, or the installation's.
    Their,
    /// The same as for a task that does not exist.
    Unknown,
    /// It does not end, so what it gives is not looked at here; the scenarios of `restrictions` do.
    Stream,
}
use Elsewhere::{Stream, Their, Unknown};

/// The function of the host that answers it, its name in the protocol, and its parameters, where `{job}` stands for a job.
const METHODS: [(&str, &str, &str, Elsewhere); 16] = [
    ("list_tools", "tools/list", "{}", Their),
    ("call_tool", "tools/call", r#"{"name":"toolbox_jq","arguments":{"filter":".","input":1}}"#, Their),
    ("get_task", "tasks/get", r#"{"taskId":"{job}"}"#, Unknown),
    ("update_task", "tasks/update", r#"{"taskId":"{job}","inputResponses":{}}"#, Unknown),
    ("cancel_task", "tasks/cancel", r#"{"taskId":"{job}"}"#, Unknown),
    ("list_prompts", "prompts/list", "{}", Their),
    ("get_prompt", "prompts/get", r#"{"name":"nothing"}"#, Their),
    ("list_resources", "resources/list", "{}", Their),
    ("list_resource_templates", "resources/templates/list", "{}", Their),
    ("read_resource", "resources/read", r#"{"uri":"nothing:at/all"}"#, Their),
    (
        "complete",
        "completion/complete",
        r#"{"ref":{"type":"ref/prompt","name":"nothing"},"argument":{"name":"a","value":""}}"#,
        Their,
    ),
    ("set_level", "logging/setLevel", r#"{"level":"info"}"#, Their),
    ("listen", "subscriptions/listen", r#"{"notifications":{}}"#, Stream),
    ("subscribe", "resources/subscribe", r#"{"uri":"nothing:at/all"}"#, Their),
    ("unsubscribe", "resources/unsubscribe", r#"{"uri":"nothing:at/all"}"#, Their),
    // rmcp answers it, for whoever the host lets in.
    ("", "server/discover", "{}", Their),
];

async fn send(host: &Host, method: &str, parameters: &str, credential: &str, job: &str) -> Reply {
    let parameters: Value = serde_json::from_str(&parameters.replace("{job}", job)).expect("JSON");
    let task = parameters["taskId"].as_str().map(str::to_owned);
    let request = host.stateless_as(credential, method, with_tasks(parameters));
    match task {
        Some(task) => request.header("mcp-name", &task).send().await,
        None => request.send().await,
    }
}

/// As a client says that knows tasks.
fn with_tasks(mut parameters: Value) -> Value {
    parameters["_meta"] = json!({ "io.modelcontextprotocol/clientCapabilities": {
        "extensions": { "io.modelcontextprotocol/tasks": {} },
    } });
    parameters
}

#[test]
fn every_method_has_an_entry() {
    let handler = include_str!("../../../mcp-host/src/mcp/handler.rs");
    let (_, handler) = handler.split_once("impl ServerHandler for McpServer {").expect("the handler");
    let answered = handler.split("    async fn ").skip(1).map(|text| text.split('(').next().unwrap_or_default());
    let answered: BTreeSet<_> = answered.collect();
    let listed: BTreeSet<_> = METHODS.iter().map(|(function, ..)| *function).filter(|name| !name.is_empty()).collect();
    assert_eq!(answered, listed, "say in this file what another tenant gets of a method");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_or_one_that_does_not_hold_opens_no_method() {
    let (host, credentials) = host().await;
    let job = job(&host, &credentials.roles[0].1).await;
    let initialize = ("", "initialize", r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#, Their);
    for (_, method, parameters, _) in METHODS.into_iter().chain([initialize]) {
        for (kind, credential) in &credentials.refused {
            let reply = match credential {
                Some(credential) => send(&host, method, parameters, credential, &job).await,
                None => {
                    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} });
                    host.request("POST", "/mcp").json(&message).send().await
                }
            };
            assert_eq!(reply.problem(401)["type"], "urn:bulkhead:problem:unauthenticated", "{kind}: {method}");
            assert!(reply.header("www-authenticate").starts_with("Bearer"), "{kind}: {method}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_let_in_and_another_tenant_finds_nothing_of_ours() {
    let (host, credentials) = host().await;
    let ours = job(&host, &credentials.roles[0].1).await;
    let nothing = "00000000-0000-7000-8000-000000000000";
    for (_, method, parameters, elsewhere) in METHODS.into_iter().filter(|entry| entry.3 != Stream) {
        for (role, credential) in &credentials.roles {
            let own = job(&host, credential).await;
            let reply = send(&host, method, parameters, credential, &own).await;
            assert!(!matches!(reply.status, 401 | 403 | 500..), "{role}: {method}: {}", reply.text());
            if elsewhere == Unknown {
                // It is found, and has ended.
                let error = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
                assert!(error.is_empty() || error.contains("it is succeeded"), "{role}: {method}: {error}");
            }
        }
        let reply = send(&host, method, parameters, &credentials.stranger, &ours).await;
        if elsewhere == Unknown {
            let unknown = send(&host, method, parameters, &credentials.stranger, nothing).await;
            let (theirs, unknown) = (reply.json()["error"].to_string(), unknown.json()["error"].to_string());
            assert_ne!(theirs, "null", "{method} takes our job: {}", reply.text());
            assert_eq!(theirs.replace(&ours, nothing), unknown, "{method}");
        } else {
            assert!(!matches!(reply.status, 401 | 403 | 500..), "{method}: {}", reply.text());
            assert!(!reply.text().contains(&ours), "{method} tells of our job: {}", reply.text());
        }
    }
}
