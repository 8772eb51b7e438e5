//! What may be called: where [`submit`](crate::submit) looks a tool up and checks arguments.

use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Fault, Ports};
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

/// A tool with all that submitting a call needs to know.
#[derive(Debug)]
pub struct CallableTool {
    /// The connector's slug.
    pub connector: String,
    /// The tool's name.
    pub tool: String,
    /// The component's digest.
    pub digest: String,
    /// Whether it says that it changes nothing.
    pub read_only: bool,
    validator: jsonschema::Validator,
}

/// A tool's input schema is not a JSON Schema.
#[derive(Debug, thiserror::Error)]
#[error("the input schema of {connector}.{tool} is not a JSON Schema: {reason}")]
pub struct InvalidSchema {
    connector: String,
    tool: String,
    reason: String,
}

impl CallableTool {
    /// Compiles the tool's input schema.
    ///
    /// # Errors
    /// [`InvalidSchema`] when it is none, or refers to another document.
    pub fn new(
        connector: &str,
        tool: &str,
        digest: &str,
        read_only: bool,
        input_schema: &Value,
    ) -> Result<Self, InvalidSchema> {
        let validator = jsonschema::draft202012::new(input_schema).map_err(|error| InvalidSchema {
            connector: connector.to_owned(),
            tool: tool.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            connector: connector.to_owned(),
            tool: tool.to_owned(),
            digest: digest.to_owned(),
            read_only,
            validator,
        })
    }

    /// Every fault of these arguments; none when they meet the schema.
    #[must_use]
    pub fn check(&self, arguments: &Value) -> Vec<Fault> {
        if self.validator.is_valid(arguments) {
            return Vec::new();
        }
        self.validator.iter_errors(arguments).flat_map(|error| faults(&error)).collect()
    }
}

/// A missing or surplus property is a fault at the property, not at the object around it.
pub(crate) fn faults(error: &jsonschema::ValidationError<'_>) -> Vec<Fault> {
    let at = error.instance_path().to_string();
    let child = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            vec![Fault { pointer: child(&name), message: "is required".to_owned() }]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| Fault { pointer: child(name), message: "is not an argument of this tool".to_owned() })
            .collect(),
        _ => vec![Fault { pointer: at, message: error.masked().to_string() }],
    }
}

/// Why a tool can't be looked up.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// No connector has this slug.
    #[error("there is no connector {0:?}; GET /v1/connectors lists them")]
    UnknownConnector(String),
    /// The connector has no tool of this name.
    #[error("the connector {connector} has no tool {tool:?}; GET /v1/connectors/{connector}/tools lists them")]
    UnknownTool {
        /// The connector's slug.
        connector: String,
        /// What was asked for.
        tool: String,
    },
    /// The tool's schema can't be used.
    #[error(transparent)]
    InvalidSchema(#[from] InvalidSchema),
    /// It could not be read.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl LookupError {
    /// An unknown connector. Names come from the request, so they are cut.
    #[must_use]
    pub fn unknown_connector(connector: &str) -> Self {
        Self::UnknownConnector(connector.chars().take(64).collect())
    }

    /// An unknown tool of a known connector.
    #[must_use]
    pub fn unknown_tool(connector: &str, tool: &str) -> Self {
        Self::UnknownTool { connector: connector.to_owned(), tool: tool.chars().take(64).collect() }
    }
}

/// What may be called.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Finds a tool.
    async fn find(&self, connector: &str, tool: &str) -> Result<Arc<CallableTool>, LookupError>;
}

/// The catalogue as the database has it, for whoever does not hold the components.
pub struct SqlCatalogue<'a>(pub &'a Ports);

#[async_trait]
impl Catalogue for SqlCatalogue<'_> {
    async fn find(&self, connector: &str, tool: &str) -> Result<Arc<CallableTool>, LookupError> {
        let Some(found) = bulkhead_connectors::get(self.0, connector).await? else {
            return Err(LookupError::unknown_connector(connector));
        };
        let Some(description) = bulkhead_connectors::find_tool(self.0, connector, tool).await? else {
            return Err(LookupError::unknown_tool(connector, tool));
        };
        let read_only = description.annotations.read_only_hint;
        Ok(Arc::new(CallableTool::new(connector, tool, &found.digest, read_only, &description.input_schema)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool() -> CallableTool {
        let schema = json!({
            "type": "object",
            "properties": {"filter": {"type": "string"}, "input": true, "n": {"type": "integer", "minimum": 1}},
            "required": ["filter", "input"],
            "additionalProperties": false
        });
        CallableTool::new("toolbox", "jq", "sha256:0", true, &schema).expect("a schema")
    }

    #[test]
    fn good_arguments_have_no_fault() {
        assert_eq!(tool().check(&json!({"filter": ".", "input": null})), []);
    }

    #[test]
    fn every_fault_is_named_by_its_pointer() {
        let mut pointers: Vec<_> =
            tool().check(&json!({"filter": 3, "n": 0, "a/b": 1})).into_iter().map(|fault| fault.pointer).collect();
        pointers.sort();
        assert_eq!(pointers, ["/a~1b", "/filter", "/input", "/n"]);
    }

    #[test]
    fn a_fault_does_not_repeat_the_value() {
        let faults = tool().check(&json!({"filter": {"token": "hunter2"}, "input": 1}));
        assert_eq!(faults.len(), 1);
        assert!(!faults[0].message.contains("hunter2"), "{}", faults[0].message);
    }
}
