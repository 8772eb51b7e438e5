//! One tool that gives back what it is given. What is measured with it is everything but the tool. For benchmarks
//! alone.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

bulkhead_connector_kit::export_connector! {
    tools: [Echo],
}

/// What is given and given back.
#[derive(Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Any text.
    pub message: String,
}

/// The tool.
pub struct Echo;

impl Tool for Echo {
    const NAME: &'static str = "echo";
    const TITLE: &'static str = "Echo";
    const DESCRIPTION: &'static str = "Gives back the message.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = Message;
    type Output = Message;

    fn call(input: Message) -> Result<Message, ToolError> {
        Ok(input)
    }
}
