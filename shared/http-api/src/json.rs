//! JSON bodies.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bulkhead_execution::Fault;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Api, Kind, Limits, Problem};

/// A JSON body of this shape, within the limit. Let the type refuse unknown members: a mistyped one must not be lost.
#[derive(Clone, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !has_media_type(request.headers(), "application/json") {
            return Err(Problem::new(Kind::UnsupportedMediaType, "send the body with Content-Type: application/json")
                .with_header(ACCEPT, HeaderValue::from_static("application/json")));
        }
        let bytes = read(request, api.limits).await?;
        parse(&bytes).map(Self)
    }
}

/// Whether a body has this type, with whatever parameters: neither JSON (RFC 8259) nor forms have but one encoding.
pub(crate) fn has_media_type(headers: &HeaderMap, expected: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => {
            value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(expected))
        }
        _ => false,
    }
}

/// The body, within the limit.
pub(crate) async fn read(request: Request, limits: Limits) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(Kind::BodyTooLarge, format!("a body may have up to {} bytes", limits.body_bytes))
            .with_member("limit_bytes", limits.body_bytes)
    };
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|value| value.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.drained_bytes) {
        return Err(too_large());
    }
    let mut body = request.into_body();
    let mut bytes = BytesMut::with_capacity(declared.unwrap_or_default().min(limits.body_bytes));
    while let Some(chunk) = next_chunk(&mut body).await? {
        if chunk.len() > limits.body_bytes - bytes.len() {
            drain(body, limits.drained_bytes.saturating_sub(bytes.len() + chunk.len())).await;
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn next_chunk(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::new(Kind::IncompleteBody, "the connection ended before the body did").caused_by(error)
        })?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Takes in the rest of a body that nobody wants, up to `budget` bytes, so that its sender gets to the answer.
async fn drain(mut body: Body, mut budget: usize) {
    while budget > 0 && !body.is_end_stream() {
        match next_chunk(&mut body).await {
            Ok(Some(chunk)) => budget = budget.saturating_sub(chunk.len()),
            Ok(None) | Err(_) => return,
        }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // In two steps, because they are two kinds of mistakes: what is no JSON at all has a line and a column, what is
    // JSON of another shape has a pointer.
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(Kind::MalformedJson, error.to_string())
            .with_member("line", error.line())
            .with_member("column", error.column())
    })?;
    read_shape(value)
}

/// A value of this shape.
pub(crate) fn read_shape<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let fault = fault(&error);
        let place = if fault.pointer.is_empty() { "the body" } else { &fault.pointer };
        Problem::new(Kind::InvalidBody, format!("{place}: {}", fault.message)).with_member("faults", [fault])
    })
}

/// A missing or unknown member is a fault at that member, not at the object around it.
fn fault(error: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    use serde_path_to_error::Segment;
    let escape = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let pointer: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(escape(key)),
            Segment::Enum { variant } => Some(escape(variant)),
            Segment::Unknown => None,
        })
        .collect();
    let message = error.inner().to_string();
    // serde has no error that could be asked for the member's name.
    let named = |start: &str| message.strip_prefix(start)?.split_once('`').map(|(name, _)| escape(name));
    if let Some(member) = named("missing field `") {
        Fault { pointer: pointer + &member, message: "is required".to_owned() }
    } else if let Some(member) = named("unknown field `") {
        let pointer = if pointer.ends_with(&member) { pointer } else { pointer + &member };
        Fault { pointer, message: "is not a member of this body".to_owned() }
    } else {
        Fault { pointer, message }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its parsing is tested")]
        list: Vec<Member>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Member {
        #[expect(dead_code, reason = "only its parsing is tested")]
        number: u8,
    }

    fn refused(body: &str) -> (Kind, String) {
        let problem = parse::<Sample>(body.as_bytes()).expect_err(body);
        (problem.kind(), format!("{problem:?}"))
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for body in ["", "{", "{\"list\": [}", "nonsense", "\u{feff}{}", "{\"list\":[]} x", &"[".repeat(10_000)] {
            assert_eq!(refused(body).0, Kind::MalformedJson, "{body:.20}");
        }
        let (_, text) = refused("{\n  \"list\": oops}");
        assert!(text.contains("\"line\": Number(2)") && text.contains("\"column\": Number(11)"), "{text}");
        assert_eq!(parse::<Sample>(b"\xff\xfe").expect_err("no UTF-8").kind(), Kind::MalformedJson);
    }

    #[test]
    fn another_shape_is_refused_at_its_pointer() {
        let cases = [
            ("{}", "/list"),
            ("[]", "/list"),
            ("{\"list\": 1}", "/list"),
            ("{\"list\": [], \"a/b\": 1}", "/a~1b"),
            ("{\"list\": [{\"number\": 1}, {}]}", "/list/1/number"),
            ("{\"list\": [{\"number\": 300}]}", "/list/0/number"),
            ("{\"list\": [{\"number\": 1, \"extra\": 1}]}", "/list/0/extra"),
        ];
        for (body, pointer) in cases {
            let (kind, text) = refused(body);
            assert_eq!(kind, Kind::InvalidBody);
            if body != "[]" {
                assert!(text.contains(&format!("\"pointer\": String(\"{pointer}\")")), "{body}: {text}");
            }
        }
    }

    #[test]
    fn the_content_type_is_json_or_nothing() {
        let is_json = |headers: &HeaderMap| has_media_type(headers, "application/json");
        let is =
            |value: &'static str| is_json(&[(CONTENT_TYPE, HeaderValue::from_static(value))].into_iter().collect());
        assert!(is("application/json") && is("Application/JSON; charset=utf-8") && is("application/json;"));
        assert!(!is("text/plain") && !is("application/jsonp") && !is("") && !is("application/x-www-form-urlencoded"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
