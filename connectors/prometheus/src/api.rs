//! One request to the server, and what its answer means.

use bulkhead_connector_kit::http::{Method, Request};
use bulkhead_connector_kit::{ToolError, required_setting};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The most bytes of an answer that are read: several times what a result may have.
const ANSWER_LIMIT: u64 = 16 * 1024 * 1024;

/// What the server said beside the data.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) data: T,
    pub(crate) warnings: Vec<String>,
}

/// The envelope of every answer.
#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "errorType")]
    kind: String,
    error: String,
}

/// Reads a list, by GET.
pub(crate) fn get<T: DeserializeOwned>(endpoint: &str, parameters: &[(&str, &str)]) -> Result<Answer<T>, ToolError> {
    ask(Request::new(Method::GET, address(endpoint)?).query(parameters.iter().copied()), upstream)
}

/// Runs a query, by POST, so that its length does not matter.
pub(crate) fn post<T: DeserializeOwned>(endpoint: &str, parameters: &[(&str, &str)]) -> Result<Answer<T>, ToolError> {
    ask(Request::new(Method::POST, address(endpoint)?).form(parameters.iter().copied()), of_query)
}

fn address(endpoint: &str) -> Result<String, ToolError> {
    let base = required_setting("base_url")?;
    Ok(format!("{}/api/v1/{endpoint}", base.trim_end_matches('/')))
}

fn ask<T: DeserializeOwned>(request: Request, explain: fn(u16, Refusal) -> ToolError) -> Result<Answer<T>, ToolError> {
    let response = request.header("accept", "application/json").response_limit(ANSWER_LIMIT).send()?;
    if !response.is_success() {
        return Err(refusal(response.status(), response.body(), explain));
    }
    let not_prometheus = |reason: &str| {
        let message = format!("the answer is not one of Prometheus: {reason}");
        ToolError::upstream(response.status(), message)
    };
    let envelope: Envelope<T> = response.json().map_err(|error| not_prometheus(&error.to_string()))?;
    let data = envelope.data.ok_or_else(|| not_prometheus("it has no data"))?;
    Ok(Answer { data, warnings: envelope.warnings.into_iter().chain(envelope.infos).collect() })
}

/// The most characters of an answer that is not Prometheus's own, such as a proxy's error page.
const EXCERPT: usize = 300;

fn refusal(status: u16, body: &[u8], explain: fn(u16, Refusal) -> ToolError) -> ToolError {
    match serde_json::from_slice(body) {
        Ok(refusal) => explain(status, refusal),
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let excerpt: String = text.trim().chars().take(EXCERPT).collect();
            let separator = if excerpt.is_empty() { "" } else { ": " };
            ToolError::upstream(status, format!("answered with status {status}{separator}{excerpt}"))
        }
    }
}

/// The only bad data that a tool's own checks let through is an expression that is not PromQL, and a query that
/// cannot be executed is one whose expression asks for the impossible.
fn of_query(status: u16, refusal: Refusal) -> ToolError {
    if status < 500 && matches!(refusal.kind.as_str(), "bad_data" | "execution") {
        return ToolError::invalid("/query", refusal.error);
    }
    upstream(status, refusal)
}

fn upstream(status: u16, Refusal { kind, error }: Refusal) -> ToolError {
    ToolError::upstream(status, format!("{kind}: {error}"))
}
