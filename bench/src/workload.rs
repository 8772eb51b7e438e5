//! The requests, and whether an answer is right.

use std::net::SocketAddr;
use std::sync::OnceLock;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::subject::Asks;

/// The tools, as MCP clients name them.
pub(crate) const JQ: &str = "toolbox_jq";
pub(crate) const ECHO: &str = "echo_echo";

const PROTOCOL_VERSION: &str = "2026-07-28";

/// What an agent would ask of a list of CI runs.
const FILTER: &str = r#"[.runs[] | select(.state == "failed") | {id, branch, seconds}] | sort_by(.seconds)"#;

/// Who signs in.
const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "a horse, a battery, a staple";

fn runs() -> Vec<Value> {
    let run = |n: u32| {
        json!({
            "id": 1000 + n,
            "branch": format!("feature/{}", n % 5),
            "state": if n.is_multiple_of(3) { "failed" } else { "passed" },
            "seconds": n * 7919 % 600,
            "actor": { "login": format!("user-{n}") },
        })
    };
    (0..20).map(run).collect()
}

/// What is echoed.
pub(crate) fn message() -> Value {
    json!({ "message": "The quick brown fox jumps over the lazy dog." })
}

/// The arguments of `jq`: about 2 kB.
pub(crate) fn arguments() -> Value {
    json!({ "filter": FILTER, "input": { "runs": runs() } })
}

/// What `jq` must answer, by other means than jq.
pub(crate) fn expected() -> Value {
    let mut failed: Vec<Value> = runs().into_iter().filter(|run| run["state"] == "failed").collect();
    failed.sort_by_key(|run| run["seconds"].as_u64());
    let picked = |run: &Value| json!({ "id": run["id"], "branch": run["branch"], "seconds": run["seconds"] });
    json!({ "results": [failed.iter().map(picked).collect::<Vec<_>>()] })
}

/// A request that is sent again and again, and the check of its answers.
pub(crate) struct Workload {
    pub(crate) request: Request<Full<Bytes>>,
    asks: Asks,
    /// The part of a right answer that is the same in all of them: once one was read in full, comparing is enough.
    right: OnceLock<Box<str>>,
}

impl Workload {
    /// A request to the server at this address.
    ///
    /// # Errors
    /// When the key is no header's value.
    pub(crate) fn new(asks: Asks, address: SocketAddr, key: Option<&str>) -> anyhow::Result<Self> {
        let mut request = match asks {
            Asks::Echo => call(ECHO, &message()),
            Asks::Jq => call(JQ, &arguments()),
            Asks::List => request("tools/list", None, json!({})),
            Asks::Connectors => Request::get("/v1/connectors").body(Full::default()),
            Asks::SignIn => post("/v1/auth/sign-in", &json!({ "email": EMAIL, "password": PASSWORD })),
        }?;
        request.headers_mut().insert(HOST, address.to_string().parse()?);
        if let Some(key) = key {
            request.headers_mut().insert(AUTHORIZATION, format!("Bearer {key}").parse()?);
        }
        Ok(Self { request, asks, right: OnceLock::new() })
    }

    /// Whether this answers the request.
    ///
    /// # Errors
    /// When it does not, with what it says instead.
    pub(crate) fn check(&self, status: StatusCode, body: &[u8]) -> anyhow::Result<()> {
        let text = || String::from_utf8_lossy(body).chars().take(500).collect::<String>();
        ensure!(status == StatusCode::OK, "status {status}: {}", text());
        let constant = match self.asks {
            Asks::Echo | Asks::Jq => structured(body).with_context(text)?,
            Asks::List | Asks::Connectors => std::str::from_utf8(body)?,
            // No two are alike.
            Asks::SignIn => {
                let tokens: Value = serde_json::from_slice(body).with_context(text)?;
                ensure!(tokens["access_token"].is_string(), "no access token");
                return Ok(());
            }
        };
        match self.right.get() {
            Some(right) => ensure!(**right == *constant, "another answer than before: {}", text()),
            None => {
                ensure!(self.is_right(&serde_json::from_str(constant)?), "a wrong answer: {}", text());
                // Another connection may have been quicker; then the next answer is compared with its.
                let _ = self.right.set(constant.into());
            }
        }
        Ok(())
    }

    fn is_right(&self, answer: &Value) -> bool {
        match self.asks {
            Asks::Echo => *answer == message(),
            Asks::Jq => *answer == expected(),
            Asks::SignIn => false,
            Asks::List => answer["result"]["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
            Asks::Connectors => {
                let items = answer["items"].as_array();
                items.is_some_and(|items| items.iter().any(|item| item["slug"] == "toolbox"))
            }
        }
    }
}

/// The request that makes the account which then signs in.
pub(crate) fn sign_up() -> http::Result<Request<Full<Bytes>>> {
    let organization = json!({ "slug": "engines", "name": "Engines" });
    let account = json!({ "email": EMAIL, "password": PASSWORD, "name": "Ada", "organization": organization });
    post("/v1/auth/sign-up", &account)
}

fn post(path: &str, body: &Value) -> http::Result<Request<Full<Bytes>>> {
    Request::post(path).header(CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(body.to_string())))
}

/// The request that calls a tool.
pub(crate) fn call(tool: &str, arguments: &Value) -> http::Result<Request<Full<Bytes>>> {
    request("tools/call", Some(tool), json!({ "name": tool, "arguments": arguments }))
}

/// A request of MCP. The name is that of what it is about.
fn request(method: &str, name: Option<&str>, mut parameters: Value) -> http::Result<Request<Full<Bytes>>> {
    parameters["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": PROTOCOL_VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "bulkhead-bench", "version": "0" },
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
    let mut builder = Request::builder()
        .method(Method::POST)
        .uri("/mcp")
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", PROTOCOL_VERSION)
        .header("mcp-method", method);
    if let Some(name) = name {
        builder = builder.header("mcp-name", name);
    }
    builder.body(Full::new(Bytes::from(body.to_string())))
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: CallResult<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult<'a> {
    #[serde(borrow)]
    structured_content: &'a RawValue,
    #[serde(default)]
    is_error: bool,
}

/// The structured result. Its job's id differs from call to call, and stands elsewhere.
fn structured(body: &[u8]) -> anyhow::Result<&str> {
    let answer: Answer<'_> = serde_json::from_slice(body)?;
    ensure!(!answer.result.is_error, "the tool failed");
    Ok(answer.result.structured_content.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload() -> Workload {
        Workload::new(Asks::Jq, SocketAddr::from(([127, 0, 0, 1], 1)), Some("key")).expect("a workload")
    }

    fn answer(structured: &Value) -> Vec<u8> {
        json!({ "jsonrpc": "2.0", "id": 1, "result": { "structuredContent": structured } }).to_string().into_bytes()
    }

    #[test]
    fn the_right_answer_passes_again_and_again() {
        let workload = workload();
        for _ in 0..3 {
            workload.check(StatusCode::OK, &answer(&expected())).expect("is right");
        }
    }

    #[test]
    fn a_wrong_answer_fails_first_and_later() {
        let workload = workload();
        let wrong = answer(&json!({ "results": [[]] }));
        assert!(workload.check(StatusCode::OK, &wrong).is_err());
        workload.check(StatusCode::OK, &answer(&expected())).expect("is right");
        assert!(workload.check(StatusCode::OK, &wrong).is_err());
    }

    #[test]
    fn a_refusal_and_a_failed_tool_fail() {
        assert!(workload().check(StatusCode::UNAUTHORIZED, &answer(&expected())).is_err());
        let failed = json!({ "result": { "structuredContent": expected(), "isError": true } }).to_string();
        assert!(workload().check(StatusCode::OK, failed.as_bytes()).is_err());
    }
}
