//! What the routes are, in the words of OpenAPI.

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation, page_of};
use serde_json::{Map, Value, json};

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let list =
        Operation::new("get", "/v1/audit/events", "listAuditEvents", "The organization's audit trail, newest first")
            .query("action", json!({"type": "string", "minLength": 1, "examples": ["tool.call"]}), "Of this action.")
            .query("outcome", json!({"$ref": "#/components/schemas/AuditOutcome"}), "With this outcome.")
            .query("job", json!({"type": "string", "format": "uuid"}), "Of this job.")
            .query("correlation_id", json!({"type": "string", "minLength": 1}), "Of this request.")
            .paged()
            .refuses(&[Kind::InsufficientScope])
            .answers(
                200,
                "AuditEventPage",
                &[("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.")],
                "A page of entries.",
            );
    Description {
        tag: ("audit", "Who did what to what, and how it ended."),
        operations: vec![list],
        schemas: schemas(),
    }
}

fn schemas() -> Map<String, Value> {
    let text = |description: &str| json!({"type": "string", "description": description});
    let entries = [
        ("AuditEventPage", page_of("AuditEvent")),
        (
            "AuditOutcome",
            json!({
                "enum": ["pending", "succeeded", "failed", "canceled", "refused"],
                "description": "How an act ended.",
            }),
        ),
        (
            "AuditEvent",
            json!({
                "type": "object",
                "description": "An entry of the audit trail.",
                "required": [
                    "id", "organization", "actor", "action", "target", "outcome", "reason", "job", "correlation_id",
                    "occurred_at", "completed_at",
                ],
                "properties": {
                    "id": {"type": "string", "format": "uuid", "description": "Its id."},
                    "organization": {"type": "string", "format": "uuid", "description": "The tenant."},
                    "actor": {
                        "type": "object",
                        "description": "Who acted.",
                        "required": ["type", "id", "credential_id"],
                        "properties": {
                            "type": text("`user`, or `operator` for what was done at the command line or by the host itself; more may come."),
                            "id": text("The user's id; for an operator, whom the operating system says they are, such as `uid 1000`."),
                            "credential_id": text("The credential that was presented; `command line` for an operator."),
                        },
                    },
                    "action": text("What was done, such as `tool.call`."),
                    "target": {
                        "type": "object",
                        "description": "What was acted on.",
                        "required": ["type", "id"],
                        "properties": {"type": text("`tool`, `job`, `connector`, `prompt` or `resource`; more may come."), "id": text("Its id or name.")},
                    },
                    "outcome": {"$ref": "#/components/schemas/AuditOutcome"},
                    "reason": {
                        "type": ["string", "null"],
                        "description": "Why, when it did not succeed. Never an argument's value.",
                    },
                    "job": {
                        "type": ["string", "null"], "format": "uuid", "description": "The job that it became.",
                    },
                    "correlation_id": text("The request that it came with."),
                    "occurred_at": {"type": "string", "format": "date-time", "description": "When it began."},
                    "completed_at": {
                        "type": ["string", "null"], "format": "date-time", "description": "When it ended.",
                    },
                },
            }),
        ),
    ];
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
