//! What the routes are, in the words of OpenAPI.

mod restrictions;

use bulkhead_http_api::Kind;
use bulkhead_http_api::openapi::{Description, Operation, page_of};
use serde_json::{Map, Value, json};

/// This function's part of the API's description.
#[must_use]
pub fn describe() -> Description {
    let mut operations = connectors();
    operations.extend(restrictions::operations());
    operations.extend(jobs());
    // Whoever is known may still have been granted too little.
    let operations = operations.into_iter().map(|operation| operation.refuses(&[Kind::InsufficientScope])).collect();
    Description {
        tag: ("tools", "What there is to call, calling it, and what became of it."),
        operations,
        schemas: schemas(),
    }
}

fn slug() -> Value {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 63})
}

fn tool_name() -> Value {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$", "maxLength": 63})
}

fn connectors() -> Vec<Operation> {
    vec![
        Operation::new("get", "/v1/connectors", "listConnectors", "Every available connector").answers(
            200,
            "ConnectorPage",
            &[],
            "The connectors, by slug, on one page.",
        ),
        Operation::new("get", "/v1/connectors/{slug}", "getConnector", "One connector")
            .path("slug", slug(), "The connector's slug.")
            .answers(200, "Connector", &[], "The connector.")
            .refuses(&[Kind::UnknownConnector]),
        Operation::new("get", "/v1/connectors/{slug}/tools", "listTools", "A connector's tools with their schemas")
            .path("slug", slug(), "The connector's slug.")
            .answers(
                200,
                "ToolPage",
                &[],
                "The tools that the organization allows, in the connector's order, on one page.",
            )
            .refuses(&[Kind::UnknownConnector]),
    ]
}

fn jobs() -> Vec<Operation> {
    let job_id = || json!({"type": "string", "format": "uuid"});
    vec![
        Operation::new("post", "/v1/connectors/{slug}/tools/{tool}/jobs", "createJob", "Call a tool")
            .description(
                "The call is recorded as a job, and run at once. With `Prefer: wait=N` the answer waits up to N \
                 seconds for its end.",
            )
            .path("slug", slug(), "The connector's slug.")
            .path("tool", tool_name(), "The tool's name.")
            .header("Prefer", json!({"type": "string", "examples": ["wait=10"]}), "How long to wait (RFC 7240).")
            .header(
                "Idempotency-Key",
                json!({"type": "string", "minLength": 1, "maxLength": 255}),
                "The same key with the same call gives the same job, however often it is sent.",
            )
            .body("NewJob")
            .answers(200, "Job", &[APPLIED], "The job, which has ended.")
            .answers(202, "Job", &[LOCATION, APPLIED], "The job, which has not ended in time, or was not waited for.")
            .refuses(&[
                Kind::ToolRestricted,
                Kind::InsufficientRole,
                Kind::UnknownProject,
                Kind::UnknownConnector,
                Kind::UnknownTool,
                Kind::InvalidHeader,
                Kind::InvalidArguments,
                Kind::IdempotencyKeyReused,
            ]),
        Operation::new("get", "/v1/jobs", "listJobs", "The organization's jobs, newest first")
            .query("status", json!({"$ref": "#/components/schemas/JobStatus"}), "In this state.")
            .query("connector", json!({"type": "string", "minLength": 1}), "Of this connector.")
            .query("tool", json!({"type": "string", "minLength": 1}), "Of this tool.")
            .query("correlation_id", json!({"type": "string", "minLength": 1}), "Of this request.")
            .paged()
            .answers(200, "JobPage", &[LINK], "A page of jobs."),
        Operation::new("get", "/v1/jobs/{id}", "getJob", "One job")
            .path("id", job_id(), "The job's id.")
            .answers(200, "Job", &[], "The job.")
            .refuses(&[Kind::UnknownJob]),
        Operation::new("post", "/v1/jobs/{id}/answers", "answerJob", "Answer what a job asks for")
            .description(
                "The call goes on as a new job, which `continues` the one that asked. Only the user who made the call \
                 can answer, once, and all questions together. With `Prefer: wait=N` the answer waits up to N seconds \
                 for its end.",
            )
            .path("id", job_id(), "The id of the job whose result has the questions (`inputRequests`).")
            .header("Prefer", json!({"type": "string", "examples": ["wait=10"]}), "How long to wait (RFC 7240).")
            .body("Answers")
            .answers(200, "Job", &[APPLIED], "The job that goes on, which has ended. It may ask again.")
            .answers(202, "Job", &[LOCATION, APPLIED], "The same, which has not ended in time, or was not waited for.")
            .refuses(&[
                Kind::ToolRestricted,
                Kind::InsufficientRole,
                Kind::UnknownProject,
                Kind::UnknownJob,
                Kind::UnknownConnector,
                Kind::UnknownTool,
                Kind::JobAsksNothing,
                Kind::JobAnswered,
                Kind::InvalidArguments,
            ]),
        Operation::new("get", "/v1/jobs/{id}/events", "listJobEvents", "A job's events, oldest first")
            .path("id", job_id(), "The job's id.")
            .paged()
            .answers(200, "EventPage", &[LINK], "A page of events.")
            .refuses(&[Kind::UnknownJob]),
        Operation::new("post", "/v1/jobs/{id}/cancel", "cancelJob", "Call a job off")
            .path("id", job_id(), "The job's id.")
            .answers(200, "Job", &[], "The job had not started, and is canceled.")
            .answers(202, "Job", &[LOCATION], "The job runs, and its worker has been asked to stop it.")
            .refuses(&[Kind::UnknownJob, Kind::JobEnded]),
    ]
}

const LOCATION: (&str, &str) = ("Location", "The job's address.");
const APPLIED: (&str, &str) = ("Preference-Applied", "How long the answer could have waited; absent when it did not.");
const LINK: (&str, &str) = ("Link", "The next page's address, as `rel=\"next\"`; absent on the last page.");

fn schemas() -> Map<String, Value> {
    let mut schemas = catalogue_schemas();
    schemas.extend(restrictions::schemas());
    schemas.extend(job_schemas());
    schemas
}

fn catalogue_schemas() -> Map<String, Value> {
    object([
        ("ConnectorPage", page_of("Connector")),
        ("ToolPage", page_of("Tool")),
        (
            "Connector",
            json!({
                "type": "object",
                "description": "An installed connector.",
                "required": [
                    "slug", "name", "version", "description", "auth_type", "auth_types", "digest", "created_at", "updated_at",
                ],
                "properties": {
                    "slug": slug(),
                    "name": text("Its name for people."),
                    "version": text("Its version."),
                    "description": text("What it is for."),
                    "auth_type": {
                        "enum": ["oauth2", "api_key", "none"], "description": "How an account is connected usually.",
                    },
                    "auth_types": {
                        "type": "array", "items": {"enum": ["oauth2", "api_key", "none"]}, "minItems": 1,
                        "description": "How one may be connected.",
                    },
                    "digest": {
                        "type": "string", "pattern": "^sha256:[0-9a-f]{64}$",
                        "description": "SHA-256 of its component.",
                    },
                    "created_at": time("When it was first installed."),
                    "updated_at": time("When it was last replaced."),
                },
            }),
        ),
        (
            "Tool",
            json!({
                "type": "object",
                "description": "A tool of a connector.",
                "required": ["name", "title", "description", "input_schema", "output_schema", "annotations"],
                "properties": {
                    "name": tool_name(),
                    "title": text("Its name for people."),
                    "description": text("What it does and when to use it."),
                    "input_schema": {
                        "type": ["object", "boolean"], "description": "JSON Schema 2020-12 of its arguments.",
                    },
                    "output_schema": {
                        "type": ["object", "boolean", "null"],
                        "description": "JSON Schema 2020-12 of its structured result.",
                    },
                    "annotations": {
                        "type": "object",
                        "description": "Hints, as in MCP's ToolAnnotations.",
                        "required": ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"],
                        "properties": {
                            "readOnlyHint": flag("It changes nothing outside the sandbox."),
                            "destructiveHint": flag("A change may destroy something."),
                            "idempotentHint": flag("The same call again changes nothing more."),
                            "openWorldHint": flag("It speaks to the world outside."),
                        },
                    },
                },
            }),
        ),
    ])
}

fn job_schemas() -> Map<String, Value> {
    object([
        ("JobPage", page_of("Job")),
        ("EventPage", page_of("Event")),
        (
            "NewJob",
            json!({
                "type": "object",
                "description": "A call of a tool.",
                "required": ["arguments"],
                "additionalProperties": false,
                "properties": {
                    "arguments": {"type": "object", "description": "The arguments; they meet the tool's input_schema."},
                    "project": {
                        "type": ["string", "null"], "format": "uuid",
                        "description": "The project whose connected accounts the call may use where its user has connected \
                            none. The user needs the role of developer in it.",
                    },
                    "capabilities": {
                        "type": "object",
                        "description": "What the caller can be asked before the call can go on, and then answers with \
                            POST /v1/jobs/{id}/answers. Nothing when absent.",
                        "additionalProperties": false,
                        "properties": {
                            "elicitation": flag("The user, by a form."),
                            "elicitation_url": flag("The user, by a page to visit."),
                            "sampling": flag("A model."),
                            "roots": flag("For the places that it works on."),
                        },
                    },
                },
            }),
        ),
        (
            "Answers",
            json!({
                "type": "object",
                "description": "What a job asked for.",
                "required": ["answers"],
                "additionalProperties": false,
                "properties": {
                    "answers": {
                        "type": "object",
                        "description": "For every key of the job's inputRequests the result of that request, as in MCP: \
                            for elicitation/create an ElicitResult, for sampling/createMessage a CreateMessageResult, \
                            for roots/list a ListRootsResult.",
                        "additionalProperties": {"type": "object"},
                    },
                },
            }),
        ),
        (
            "JobStatus",
            json!({
                "enum": ["queued", "running", "succeeded", "failed", "canceled"],
                "description": "Where a job is in its life.",
            }),
        ),
        ("Job", job_schema()),
        (
            "JobError",
            json!({
                "type": "object",
                "description": "Why a job did not succeed.",
                "required": ["type", "message"],
                "properties": {
                    "type": {
                        "enum": [
                            "invalid_arguments", "upstream", "tool_failed", "not_found", "trap", "invalid_output",
                            "limit_exceeded", "credential_missing", "credential_invalid", "connection_expired",
                            "credential_echoed",
                            "connector_unavailable", "canceled", "tool_restricted", "outcome_unknown", "worker_lost",
                        ],
                        "description": "The kind of failure. After `outcome_unknown` look before you try again.",
                    },
                    "message": text("What happened and what to do, for a person."),
                    "details": {"description": "For a machine: the limit that was exceeded, for example."},
                },
            }),
        ),
        (
            "Usage",
            json!({
                "type": "object",
                "description": "What a run cost.",
                "required": [
                    "cpu_us", "wall_us", "peak_memory_bytes", "outbound_requests", "bytes_sent", "bytes_received",
                ],
                "properties": {
                    "cpu_us": count("Computing time: microseconds."),
                    "wall_us": count("Time from start to end: microseconds."),
                    "peak_memory_bytes": count("The most memory: bytes."),
                    "outbound_requests": count("Outgoing HTTP requests."),
                    "bytes_sent": count("Bytes of them: methods, paths, headers and bodies, without credentials."),
                    "bytes_received": count("Bytes of the responses: headers and bodies."),
                },
            }),
        ),
        (
            "Event",
            json!({
                "type": "object",
                "description": "Something that happened to a job.",
                "required": ["sequence", "level", "kind", "message", "data", "created_at"],
                "properties": {
                    "sequence": {"type": "integer", "minimum": 1, "description": "Which event of its job it is."},
                    "level": {"enum": ["info", "warn", "error"], "description": "How much it matters."},
                    "kind": text(
                        "queued, started, log, progress, outbound, limit_exceeded, retrying, cancel_requested or finished; more may come.",
                    ),
                    "message": text("For a person."),
                    "data": {"description": "For a machine."},
                    "created_at": time("When it happened."),
                },
            }),
        ),
    ])
}

fn job_schema() -> Value {
    let or_null =
        |schema: &str| json!({"oneOf": [{"$ref": format!("#/components/schemas/{schema}")}, {"type": "null"}]});
    let maybe = |text: &str| json!({"type": ["string", "null"], "format": "date-time", "description": text});
    json!({
        "type": "object",
        "description": "One recorded call of a tool.",
        "required": [
            "id", "user", "connector", "tool", "connector_digest", "status", "arguments", "result", "error", "usage",
            "attempts", "correlation_id", "cancel_requested_at", "created_at", "started_at", "finished_at",
        ],
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "Its id."},
            "user": {"type": "string", "format": "uuid", "description": "Who asked for it."},
            "project": {
                "type": "string", "format": "uuid",
                "description": "The project whose connected accounts it may use. Absent when none.",
            },
            "connector": text("The connector's slug."),
            "tool": text("The tool's name."),
            "connector_digest": text("The component that it was recorded for; from its start the one that it runs in."),
            "status": {"$ref": "#/components/schemas/JobStatus"},
            "arguments": {"type": "object", "description": "The arguments."},
            "round": {
                "type": "object",
                "description": "What the call brought along from its earlier rounds: capabilities, answers, state. Absent when nothing.",
            },
            "continues": {
                "type": "string", "format": "uuid", "description": "The job whose questions it answers. Absent when none.",
            },
            "result": {
                "description": "The result: structuredContent and content as in MCP's CallToolResult; or resultType \
                    input_required with the inputRequests that have to be answered before the call can go on.",
            },
            "error": or_null("JobError"),
            "usage": or_null("Usage"),
            "attempts": count("How often a worker took it."),
            "correlation_id": text("The request that it came with."),
            "cancel_requested_at": maybe("When its cancellation was asked for while it ran."),
            "created_at": time("When it was recorded."),
            "started_at": maybe("When a worker first took it."),
            "finished_at": maybe("When it ended."),
        },
    })
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

fn time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description})
}
