//! Jobs as MCP results.

use bulkhead_execution::{Fault, Job, JobError};
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Value, json};

/// The key in `_meta` under which a result names its job.
const META_JOB: &str = "bulkhead/job";
/// The key in `_meta` under which a failed result says why, for machines.
const META_ERROR: &str = "bulkhead/error";

/// A finished job as a tool's result. A failure is a result too, so that the model reads it and can do better.
pub(super) fn of_job(job: Job) -> CallToolResult {
    let mut result = match (job.result, job.error) {
        (Some(result), _) => succeeded(result),
        (None, Some(error)) => failed(&error),
        (None, None) => CallToolResult::error(vec![ContentBlock::text("the job ended without a result")]),
    };
    result.meta.get_or_insert_with(MetaObject::new).insert(META_JOB.to_owned(), json!(job.id));
    result
}

/// The `_meta` that names a job.
pub(super) fn job_meta(job: &Job) -> MetaObject {
    let mut meta = MetaObject::new();
    meta.insert(META_JOB.to_owned(), json!(job.id));
    meta
}

/// A protocol error where the model should read it.
pub(super) fn of_error(error: &ErrorData) -> CallToolResult {
    with_error(error.message.to_string(), json!({ "code": error.code, "message": error.message, "data": error.data }))
}

fn succeeded(mut result: Value) -> CallToolResult {
    let structured = result.get_mut("structuredContent").map(Value::take);
    let content = match result.get_mut("content").map(Value::take) {
        Some(Value::Array(blocks)) => blocks.into_iter().filter_map(block).collect(),
        // A client that knows no structured results reads the same as text.
        _ => vec![ContentBlock::text(structured.as_ref().map(ToString::to_string).unwrap_or_default())],
    };
    let mut result = CallToolResult::success(content);
    result.structured_content = structured;
    result
}

/// The sandbox wrote it in MCP's words, so it reads.
fn block(block: Value) -> Option<ContentBlock> {
    let read = serde_json::from_value(block);
    read.inspect_err(|error| tracing::error!(%error, "a job's result holds what is not MCP's")).ok()
}

fn failed(error: &JobError) -> CallToolResult {
    let mut text = format!("{}: {}", error.kind.as_str(), error.message);
    let faults = error.details.as_ref().and_then(|details| details.get("faults")).and_then(Value::as_array);
    for fault in faults.into_iter().flatten() {
        let member = |name| fault.get(name).and_then(Value::as_str).unwrap_or_default();
        text.push_str(&format!("\n- {}: {}", member("pointer"), member("message")));
    }
    with_error(text, json!(error))
}

/// Arguments that miss the schema, each fault by its pointer.
pub(super) fn of_faults(message: &str, faults: &[Fault]) -> CallToolResult {
    let mut text = message.to_owned();
    for fault in faults {
        text.push_str(&format!("\n- {}: {}", fault.pointer, fault.message));
    }
    with_error(text, json!({ "type": "invalid_arguments", "message": message, "details": { "faults": faults } }))
}

fn with_error(text: String, error: Value) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.meta.get_or_insert_with(MetaObject::new).insert(META_ERROR.to_owned(), error);
    result
}
