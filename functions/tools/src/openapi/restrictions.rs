//! Restrictions, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::Operation;
use serde_json::{Map, Value, json};

use super::{object, slug, tool_name};

const PATH: &str = "/v1/connectors/{slug}/restrictions";

pub(super) fn operations() -> Vec<Operation> {
    let operation = |method, id, summary| {
        Operation::new(method, PATH, id, summary)
            .path("slug", slug(), "The connector's slug.")
            .refuses(&[Kind::InsufficientRole, Kind::UnknownConnector])
    };
    vec![
        operation("get", "getRestrictions", "What the organization takes away from a connector")
            .description("For owners and admins.")
            .answers(200, "Restrictions", &[], "The restrictions; without members when nothing is taken away."),
        operation("put", "putRestrictions", "Restrict a connector for the organization")
            .description(
                "For owners and admins. It takes the place of what there was, and holds from the next call on, whoever \
                 makes it and wherever; a job that is queued is run under what holds then. Nothing can be added: what \
                 the connector's manifest does not ask for, or a limit that is higher than its own, is refused.",
            )
            .body("Restrictions")
            .answers(200, "Restrictions", &[], "The restrictions, as they hold now."),
        operation("delete", "deleteRestrictions", "Lift the organization's restrictions of a connector")
            .description("For owners and admins.")
            .answers_nothing(204, "Nothing is taken away any more."),
    ]
}

/// The keys of a manifest's `[limits]`, and what each limits.
const LIMITS: [(&str, &str); 23] = [
    ("memory_mib", "Linear memory."),
    ("table_elements", "Elements of tables."),
    ("core_instances", "Instances of core modules."),
    ("resources", "Resources of the host, and handles."),
    ("hostcall_kib", "What is handed to the host in one go."),
    ("random_kib", "Random bytes at once."),
    ("argument_kib", "What goes in."),
    ("stderr_kib", "Standard error that is kept."),
    ("cpu_ms", "CPU time."),
    ("wall_clock_ms", "Time from start to end."),
    ("result_kib", "The result's JSON."),
    ("outbound_requests", "Outgoing requests."),
    ("requests_in_flight", "Outgoing requests at once."),
    ("received_kib", "Responses: headers and bodies."),
    ("decoded_ratio", "How far a compressed body may grow."),
    ("response_header_kib", "Headers of one response."),
    ("sent_kib", "Requests: heads and bodies."),
    ("connect_ms", "Time to connect."),
    ("first_byte_ms", "Time to a response's headers."),
    ("between_bytes_ms", "Time between two parts of a response."),
    ("log_events", "Logged events."),
    ("log_message_kib", "One logged message."),
    ("log_kib", "All logged messages together."),
];

pub(super) fn schemas() -> Map<String, Value> {
    let texts = |description: &str| json!({"type": "array", "items": {"type": "string"}, "description": description});
    let limits: Map<String, Value> = LIMITS
        .into_iter()
        .map(|(key, what)| (key.to_owned(), json!({"type": "integer", "minimum": 0, "description": what})))
        .collect();
    let mut paths = texts(
        "Exactly these paths, or everything below one that ends in `/*`; below the path of the setting's URL where host \
         is a setting. Every path that was granted there when absent.",
    );
    paths["type"] = json!(["array", "null"]);
    object([
        (
            "Restrictions",
            json!({
                "type": "object",
                "description": "What is left of a connector to an organization, among what its manifest and the operator \
                    grant. What is absent takes nothing away; an empty list leaves nothing. At most 16 KiB of JSON.",
                "additionalProperties": false,
                "properties": {
                    "tools": {
                        "type": ["array", "null"],
                        "items": tool_name(),
                        "description": "The only tools that are listed and can be called. Prompts and resources stay.",
                    },
                    "outbound": {
                        "type": ["array", "null"],
                        "items": {"$ref": "#/components/schemas/AllowedOutbound"},
                        "description": "The only requests that it may send.",
                    },
                    "limits": {"$ref": "#/components/schemas/LowerLimits"},
                },
            }),
        ),
        (
            "AllowedOutbound",
            json!({
                "type": "object",
                "description": "Requests, as a manifest's [[outbound]] has them.",
                "required": ["host", "methods"],
                "additionalProperties": false,
                "properties": {
                    "host": {
                        "type": "string",
                        "description": "`host` or `host:port`, the first label may be `*`; or `{{ settings.NAME }}` where \
                            the manifest says so.",
                    },
                    "methods": texts("HTTP methods."),
                    "paths": paths,
                },
            }),
        ),
        (
            "LowerLimits",
            json!({
                "type": "object",
                "description": "Limits that are lower than the connector's own, in the units of its manifest.",
                "additionalProperties": false,
                "properties": limits,
            }),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use bulkhead_connectors::{Limits, Restrictions};

    use super::*;

    #[test]
    fn every_limit_is_described() {
        for limit in Limits::default().amounts() {
            let body = json!({ "limits": { limit.key: 1 } });
            let known = serde_json::from_value::<Restrictions>(body).is_ok();
            assert_eq!(known, LIMITS.iter().any(|(key, _)| *key == limit.key), "{}", limit.key);
        }
    }
}
