//! The words that descriptions share.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::Operation;
use serde_json::{Map, Value, json};

/// One kind of thing: its operations and its schemas.
pub(super) type Part = (Vec<Operation>, Map<String, Value>);

/// What whoever is known may still be refused with.
pub(super) const DENIED: [Kind; 2] = [Kind::InsufficientRole, Kind::InsufficientScope];

/// The header of an answer with a page.
pub(super) const LINK: [(&str, &str); 1] =
    [("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.")];

/// What is told of a limit on what may be guessed, or made.
pub(super) const RATE_LIMIT: [(&str, &str); 2] = [
    ("RateLimit-Policy", "The limit: how many (`q`) in how many seconds (`w`)."),
    ("RateLimit", "What is left of it (`r`), and after how many seconds all of it is back (`t`)."),
];

pub(super) fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

pub(super) fn maybe(description: &str) -> Value {
    json!({"type": ["string", "null"], "description": description})
}

pub(super) fn time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description})
}

pub(super) fn maybe_time(description: &str) -> Value {
    json!({"type": ["string", "null"], "format": "date-time", "description": description})
}

pub(super) fn id(description: &str) -> Value {
    json!({"type": "string", "format": "uuid", "description": description})
}

pub(super) fn maybe_id(description: &str) -> Value {
    json!({"type": ["string", "null"], "format": "uuid", "description": description})
}

/// The schema of an id in a path.
pub(super) fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

/// An object of which every member is there.
pub(super) fn object(description: &str, properties: Value) -> Value {
    let required: Vec<_> = properties.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    json!({"type": "object", "description": description, "required": required, "properties": properties})
}

/// A body, of which these members must be there and no other may.
pub(super) fn body(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object", "description": description, "required": required, "additionalProperties": false,
        "properties": properties,
    })
}

pub(super) fn schemas<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
