//! What a request to `/mcp` brings: its body, within the limit, before rmcp has it. So a message that can't be read is refused
//! in words that help, and whether a session's request may change something is known before its answer begins.

use std::pin::pin;
use std::task::Poll;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bulkhead_http_api::{Kind, Problem};
use bulkhead_kernel::Caller;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use rmcp::model::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::sessions::SESSION;
use crate::mcp::McpHttp;
use crate::sandbox::LiveConnectors;

/// The endpoint behind authentication and sessions.
pub(super) struct Endpoint {
    pub(super) mcp: McpHttp,
    pub(super) connectors: LiveConnectors,
    /// The largest body: bytes.
    pub(super) most: usize,
}

impl Endpoint {
    /// Answers a request.
    pub(super) async fn answer(&self, request: Request) -> Result<Response, Problem> {
        if request.method() != Method::POST {
            return Ok(self.mcp.handle(request).await.into_response());
        }
        let (parts, body) = request.into_parts();
        let body = read(body, self.most).await?;
        let (declared, refused) = (is_json(&parts.headers), self.is_refused(&parts, &body));
        let mut handling = pin!(self.mcp.handle(Request::from_parts(parts, Full::new(body.clone()))));
        // What rmcp can't read it says before it first waits, so the body is kept no longer than until then.
        let response = match futures::poll!(handling.as_mut()) {
            Poll::Ready(response) if declared && response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                return Ok(unreadable(&body));
            }
            Poll::Ready(response) => response,
            Poll::Pending => {
                drop(body);
                handling.await
            }
        };
        if !refused {
            return Ok(response.into_response());
        }
        let (parts, body) = response.into_parts();
        let Ok(whole) = body.collect().await;
        Ok(Response::from_parts(parts, Body::from(whole.to_bytes())))
    }

    /// Whether the request is of a session and may change something, and its caller's token lacks the scope for that. A session's
    /// answer begins before it is decided, but this one is a refusal, whichever comes first, and therefore short: it is waited
    /// for, so that the door can still answer with 403. It is refused, and recorded, where every other one is.
    fn is_refused(&self, parts: &Parts, body: &[u8]) -> bool {
        let lacks = parts.extensions.get::<Caller>().is_some_and(|caller| caller.missing_write_scope().is_some());
        if !lacks || !parts.headers.contains_key(SESSION) {
            return false;
        }
        // What is no such message rmcp refuses.
        let Ok(Head { method, params }) = serde_json::from_slice(body) else { return false };
        match method.as_str() {
            "tools/call" => params.name.is_some_and(|name| self.changes_something(&name)),
            // Its next round is of a tool that is known by the task; it begins, and nobody waits for its end.
            "tasks/update" => true,
            _ => false,
        }
    }

    fn changes_something(&self, name: &str) -> bool {
        let Some((slug, name)) = name.split_once('_') else { return false };
        let installed = self.connectors.current();
        installed.get(slug).and_then(|connector| connector.tool(name)).is_some_and(|tool| !tool.read_only)
    }
}

/// As much of a message as says what it is about.
#[derive(Deserialize)]
struct Head {
    method: String,
    #[serde(default)]
    params: About,
}

#[derive(Default, Deserialize)]
struct About {
    name: Option<String>,
}

async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    let collected = Limited::new(body, most).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let detail = format!(
                "a message may have up to {most} bytes; send less at once, or have the operator raise mcp.max_body_bytes"
            );
            Problem::new(Kind::BodyTooLarge, detail).with_member("limit_bytes", most)
        } else {
            Problem::new(Kind::IncompleteBody, "the connection ended before the body did").caused_by(error)
        }
    })?;
    Ok(collected.to_bytes())
}

/// Whether the body is declared as JSON, as rmcp sees it.
fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    declared.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The refusal of what is no message (JSON-RPC 2.0, section 5.1). The body is not repeated.
fn unreadable(body: &[u8]) -> Response {
    let (id, code, message) = match serde_json::from_slice::<Value>(body) {
        Err(error) => (Value::Null, ErrorCode::PARSE_ERROR, format!("the body is not JSON: {error}")),
        Ok(Value::Array(_)) => {
            let message = "batches are not taken; send each message in a request of its own";
            (Value::Null, ErrorCode::INVALID_REQUEST, message.to_owned())
        }
        Ok(mut message) => {
            let id = message.get_mut("id").map(Value::take).filter(|id| id.is_string() || id.is_i64());
            (id.unwrap_or_default(), ErrorCode::INVALID_REQUEST, "the body is not a message of MCP".to_owned())
        }
    };
    let error = json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } });
    (StatusCode::BAD_REQUEST, axum::Json(error)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(body: &str) -> (StatusCode, Value) {
        let response = unreadable(body.as_bytes());
        let status = response.status();
        let whole = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&whole).expect("JSON"))
    }

    #[tokio::test]
    async fn what_is_no_message_is_refused_as_what_it_is() {
        for (body, code, id) in [
            ("", -32700, Value::Null),
            ("{\"jsonrpc\": oops", -32700, Value::Null),
            ("{\"id\": 7} x", -32700, Value::Null),
            ("[]", -32600, Value::Null),
            ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", -32600, Value::Null),
            ("7", -32600, Value::Null),
            ("{\"id\": 7}", -32600, json!(7)),
            ("{\"id\": \"a\"}", -32600, json!("a")),
            ("{\"id\": {\"a\": 1}}", -32600, Value::Null),
        ] {
            let (status, error) = refusal(body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert_eq!((&error["error"]["code"], &error["id"]), (&json!(code), &id), "{body}");
            assert_eq!((&error["jsonrpc"], error["error"]["message"].is_string()), (&json!("2.0"), true), "{body}");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_and_no_further() {
        assert_eq!(read(Body::from("12345678"), 8).await.expect("fits").as_ref(), b"12345678");
        assert!(read(Body::from("123456789"), 8).await.is_err());
    }

    #[test]
    fn a_head_is_read_of_messages_alone() {
        let head = |text: &str| serde_json::from_str::<Head>(text).ok().map(|head| (head.method, head.params.name));
        let call = |name: Option<&str>| Some(("tools/call".to_owned(), name.map(str::to_owned)));
        assert_eq!(
            head(r#"{"id":1,"method":"tools/call","params":{"name":"a_b","arguments":{"name":1}}}"#),
            call(Some("a_b"))
        );
        assert_eq!(head(r#"{"method":"tools/call"}"#), call(None));
        assert_eq!(head(r#"{"method":"tools/call","params":{}}"#), call(None));
        for odd in [
            "",
            "7",
            "[]",
            "{}",
            r#"[{"method":"tools/call"}]"#,
            r#"{"method":7}"#,
            r#"{"method":"a","params":7}"#,
            r#"{"method":"a","params":{"name":7}}"#,
            r#"{"method":"a","method":"tools/call"}"#,
        ] {
            assert_eq!(head(odd), None, "{odd}");
        }
    }
}
