//! Tools whose answer is the matter.

#[cfg(target_family = "wasm")]
use bulkhead_connector_kit::component::bindings::bulkhead::connector::host::write_stderr;
use bulkhead_connector_kit::{
    Annotations, Answer, Content, ContentAnnotations, ContentTool, Fault, Level, Role, Round, Tool, ToolError, Turn,
    log, progress,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{Nothing, Survived};

/// Any arguments at all.
#[derive(Deserialize, JsonSchema)]
pub struct Anything {
    /// Whatever is given.
    #[serde(flatten)]
    arguments: Map<String, Value>,
}

/// What was given.
#[derive(Serialize, JsonSchema)]
pub struct Echoed {
    /// The arguments.
    arguments: Map<String, Value>,
}

/// Returns its arguments.
pub struct Echo;

impl Tool for Echo {
    const NAME: &'static str = "echo";
    const TITLE: &'static str = "Echo";
    const DESCRIPTION: &'static str = "Returns its arguments. It behaves.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Anything;
    type Output = Echoed;

    fn call(input: Anything) -> Result<Echoed, ToolError> {
        Ok(Echoed { arguments: input.arguments })
    }
}

/// How large.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HugeResultInput {
    /// Bytes of padding in the result.
    bytes: usize,
}

/// Padding.
#[derive(Serialize, JsonSchema)]
pub struct Padding {
    /// As many letters as were asked for.
    padding: String,
}

/// Answers as much as it is asked for.
pub struct HugeResult;

impl Tool for HugeResult {
    const NAME: &'static str = "huge_result";
    const TITLE: &'static str = "Huge result";
    const DESCRIPTION: &'static str = "Returns a result of the size that is asked for.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = HugeResultInput;
    type Output = Padding;

    fn call(input: HugeResultInput) -> Result<Padding, ToolError> {
        Ok(Padding { padding: "x".repeat(input.bytes) })
    }
}

/// How many.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// As many as this.
    count: usize,
}

/// Finds fault without measure.
pub struct FaultFlood;

impl Tool for FaultFlood {
    const NAME: &'static str = "fault_flood";
    const TITLE: &'static str = "Flood of faults";
    const DESCRIPTION: &'static str =
        "Fails with as many faults of its arguments as are asked for, each next to nothing.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Count;
    type Output = Survived;

    fn call(input: Count) -> Result<Survived, ToolError> {
        let fault = || Fault { pointer: String::new(), message: String::new() };
        Err(ToolError::InvalidArguments((0..input.count).map(|_| fault()).collect()))
    }
}

/// Names whom its answer is for without measure.
pub struct AnnotationFlood;

impl ContentTool for AnnotationFlood {
    const NAME: &'static str = "annotation_flood";
    const TITLE: &'static str = "Flood of annotations";
    const DESCRIPTION: &'static str = "Returns an empty text for as many as are asked for.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Count;

    fn call(input: Count, _: &Round) -> Answer<Vec<Content>> {
        let annotations =
            ContentAnnotations { audience: vec![Role::User; input.count], ..ContentAnnotations::default() };
        Ok(Turn::Done(vec![Content::text("").annotated(annotations)]))
    }
}

/// How much to log.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogFloodInput {
    /// Messages, and as many reports of progress.
    #[serde(default = "many")]
    messages: u64,
    /// Bytes of each.
    #[serde(default = "long")]
    bytes: usize,
}

const fn many() -> u64 {
    100_000
}

const fn long() -> usize {
    10_000
}

/// Writes to standard error without measure, and traps.
pub struct StderrFlood;

impl Tool for StderrFlood {
    const NAME: &'static str = "stderr_flood";
    const TITLE: &'static str = "Flood standard error";
    const DESCRIPTION: &'static str = "Writes megabytes to standard error, by WASI and by the contract, and traps.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Nothing;
    type Output = Survived;

    fn call(_: Nothing) -> Result<Survived, ToolError> {
        eprintln!("a beginning");
        for _ in 0..100_000 {
            write_stderr(u64::from_le_bytes(*b"flooding"));
        }
        eprintln!("{}", "x".repeat(1 << 20));
        std::process::abort()
    }
}

#[cfg(not(target_family = "wasm"))]
fn write_stderr(_: u64) {}

/// Logs and reports progress without measure.
pub struct LogFlood;

impl Tool for LogFlood {
    const NAME: &'static str = "log_flood";
    const TITLE: &'static str = "Flood the log";
    const DESCRIPTION: &'static str = "Logs and reports progress without measure, control characters included. The \
        host has to keep only so much.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = LogFloodInput;
    type Output = Survived;

    fn call(input: LogFloodInput) -> Result<Survived, ToolError> {
        let message = "\u{1b}[31mflood\r\n\0".repeat(input.bytes / 13 + 1);
        for index in 0..input.messages {
            log(Level::Error, &message);
            progress(index, Some(input.messages), Some(&message));
        }
        Ok(Survived::after(format!("{} messages", input.messages)))
    }
}

/// Not JSON, whatever its schema says.
pub struct NotJson;

impl Serialize for NotJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `RawValue` takes only JSON, and writes what it took without a look; so does the name by which serde_json
        // knows one, with any text.
        use serde::ser::SerializeStruct as _;
        const RAW: &str = "$serde_json::private::RawValue";
        let mut raw = serializer.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, "{\"this is not\": JSON")?;
        raw.end()
    }
}

impl JsonSchema for NotJson {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NotJson".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// Answers what is not JSON.
pub struct BadOutput;

impl Tool for BadOutput {
    const NAME: &'static str = "bad_output";
    const TITLE: &'static str = "Bad output";
    const DESCRIPTION: &'static str = "Returns a structured result that is not JSON.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = crate::Nothing;
    type Output = NotJson;

    fn call(_: crate::Nothing) -> Result<NotJson, ToolError> {
        Ok(NotJson)
    }
}

#[cfg(test)]
mod tests {
    use crate::CONNECTOR;

    #[test]
    fn bad_output_is_not_json() {
        let reply = CONNECTOR.call("bad_output", "{}").expect("answers");
        assert!(serde_json::from_str::<serde_json::Value>(&reply).is_err(), "{}", reply);
    }

    #[test]
    fn echo_returns_any_arguments() {
        let reply = CONNECTOR.call("echo", r#"{"a":[1,null],"b":{"c":"d"}}"#).expect("answers");
        assert_eq!(reply, r#"{"arguments":{"a":[1,null],"b":{"c":"d"}}}"#);
    }

    #[test]
    fn a_huge_result_is_as_large_as_asked_for() {
        let reply = CONNECTOR.call("huge_result", r#"{"bytes": 1000}"#).expect("answers");
        assert_eq!(reply.len(), 1000 + r#"{"padding":""}"#.len());
    }
}
