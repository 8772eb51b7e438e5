//! Who may do what: every route of every function and of the host, and every method of MCP, with every kind of credential.
//!
//! The tables are `matrix/rest.rs` and `matrix/mcp.rs`. A route or a method without an entry fails here, and so does an
//! entry that nothing serves.

mod credentials;
mod mcp;
mod rest;

use bulkhead_system_tests::{Host, Setup};
use serde_json::json;

use credentials::Credentials;

/// A host with a user of each role, one of another tenant, and credentials that no longer hold.
async fn host() -> (Host, Credentials) {
    let host = Setup::up().await.start().await;
    let credentials = Credentials::make(&host).await;
    (host, credentials)
}

/// A job of this caller, ended.
async fn job(host: &Host, credential: &str) -> String {
    let body = json!({ "arguments": { "filter": ".", "input": 1 } });
    let request = host.request("POST", "/v1/connectors/toolbox/tools/jq/jobs").key(credential);
    let job = request.header("prefer", "wait=20").json(&body).send().await.expect(200);
    job["id"].as_str().expect("an id").to_owned()
}
