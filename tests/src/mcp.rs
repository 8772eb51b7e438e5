//! The MCP endpoint.

use serde_json::{Value, json};

use crate::{Host, Reply, Request};

/// The first version of the protocol whose requests stand alone.
const STATELESS: &str = "2026-07-28";
/// The last version with sessions.
const SESSIONS: &str = "2025-11-25";

impl Host {
    /// A request to the MCP endpoint with what every version of the protocol asks for.
    pub fn mcp(&self, message: &Value) -> Request {
        self.mcp_as(self.key(), message)
    }

    /// The same with another credential than the owner's key.
    pub fn mcp_as(&self, credential: &str, message: &Value) -> Request {
        let request = self.request("POST", "/mcp").key(credential);
        request.header("accept", "application/json, text/event-stream").json(message)
    }

    /// A request that stands alone, as of 2026-07-28: what a session would have held is in its `_meta`, where the
    /// parameters' own says nothing else.
    ///
    /// # Panics
    /// When `parameters` is not an object.
    pub fn stateless(&self, method: &str, parameters: Value) -> Request {
        self.stateless_as(self.key(), method, parameters)
    }

    /// The same with another credential than the owner's key.
    ///
    /// # Panics
    /// When `parameters` is not an object.
    pub fn stateless_as(&self, credential: &str, method: &str, mut parameters: Value) -> Request {
        let own = json!({
            "io.modelcontextprotocol/protocolVersion": STATELESS,
            "io.modelcontextprotocol/clientInfo": { "name": "scenarios", "version": "0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        for (key, value) in own.as_object().into_iter().flatten() {
            let meta = &mut parameters["_meta"];
            if meta.get(key).is_none() {
                meta[key] = value.clone();
            }
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let request =
            self.mcp_as(credential, &message).header("mcp-protocol-version", STATELESS).header("mcp-method", method);
        match parameters["name"].as_str().or(parameters["uri"].as_str()) {
            Some(name) => request.header("mcp-name", name),
            None => request,
        }
    }

    /// The request that opens a session of this version, for a client that can do so much.
    pub fn initialize_as(&self, credential: &str, version: &str, capabilities: &Value) -> Request {
        let client = json!({ "name": "scenarios", "version": "0" });
        let hello = json!({ "protocolVersion": version, "capabilities": capabilities, "clientInfo": client });
        self.mcp_as(credential, &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello }))
    }

    /// Opens a session of the last version that has them.
    pub async fn open_session(&self) -> Reply {
        self.initialize_as(self.key(), SESSIONS, &json!({})).send().await
    }

    /// The id of a session of that version in which requests may begin, for a client that can do so much.
    ///
    /// # Panics
    /// When there is none.
    pub async fn session_as(&self, credential: &str, capabilities: &Value) -> String {
        let begun = self.initialize_as(credential, SESSIONS, capabilities).send().await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        let session = begun.header("mcp-session-id").to_owned();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.in_session_as(credential, &session, &initialized).send().await.status, 202);
        session
    }

    /// A message in a session.
    pub fn in_session(&self, session: &str, message: &Value) -> Request {
        self.in_session_as(self.key(), session, message)
    }

    /// The same with another credential than the owner's key.
    pub fn in_session_as(&self, credential: &str, session: &str, message: &Value) -> Request {
        self.mcp_as(credential, message).header("mcp-session-id", session).header("mcp-protocol-version", SESSIONS)
    }

    /// The request that calls a tool.
    pub fn tool_call(&self, tool: &str, arguments: &Value) -> Request {
        self.stateless("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    /// Calls a tool and gives its result.
    ///
    /// # Panics
    /// When there is none.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.tool_call(tool, &arguments).send().await.expect(200);
        assert!(answer["result"].is_object(), "{answer:#}");
        answer["result"].clone()
    }

    /// The job of a result.
    ///
    /// # Panics
    /// When it names none.
    pub async fn job_of(&self, result: &Value) -> Value {
        let id = result["_meta"]["bulkhead/job"].as_str().expect("a result names its job");
        self.get(&format!("/v1/jobs/{id}")).await
    }
}
