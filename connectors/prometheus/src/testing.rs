//! A Prometheus of one answer, for the tools' tests.

use std::cell::RefCell;
use std::rc::Rc;

use bulkhead_connector_kit::ToolError;
use bulkhead_connector_kit::fake::Host;
use bulkhead_connector_kit::http::{Request, Response};
use serde_json::{Value, json};

use crate::CONNECTOR;

/// Calls a tool before a server that answers this, and hands back the request too: method, address, parameters.
pub(crate) fn answers(tool: &str, arguments: Value, status: u16, body: &str) -> (Result<Value, ToolError>, String) {
    let sent = Rc::new(RefCell::new(String::new()));
    let (seen, body) = (Rc::clone(&sent), body.to_owned());
    let host = Host::new().setting("base_url", "http://prometheus:9090/prefix/").respond(move |request| {
        *seen.borrow_mut() = describe(request);
        Ok(Response::new(status, body.clone()))
    });
    let (result, _) = host.run(|| call(tool, &arguments));
    (result, sent.take())
}

/// Calls a tool before a server that answers this.
pub(crate) fn answer(tool: &str, arguments: Value, status: u16, body: &str) -> Result<Value, ToolError> {
    answers(tool, arguments, status, body).0
}

/// The place of the first fault of a refusal.
pub(crate) fn pointer(refused: Result<Value, ToolError>) -> String {
    match refused {
        Err(ToolError::InvalidArguments(faults)) => faults[0].pointer.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

/// What a call says without the setting, and without a network.
pub(crate) fn refusal() -> (String, String) {
    let failure = |host: Host| match host.run(|| call("query", &json!({"query": "up"}))).0 {
        Err(ToolError::Failed(message)) => message,
        other => panic!("does not fail: {other:?}"),
    };
    (failure(Host::new()), failure(Host::new().setting("base_url", "http://prometheus:9090")))
}

fn call(tool: &str, arguments: &Value) -> Result<Value, ToolError> {
    let reply = CONNECTOR.call(tool, &arguments.to_string())?;
    Ok(serde_json::from_str(&reply).expect("a result is JSON"))
}

fn describe(request: &Request) -> String {
    let address = request.url().split('?').next().unwrap_or_default();
    let parameters = request.parameters().into_iter().map(|(name, value)| format!(" {name}={value}"));
    format!("{} {address}{}", request.method(), parameters.collect::<String>())
}
