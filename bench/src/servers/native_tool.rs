//! `jq` as somebody would offer it who has no sandbox: the toolbox's own code, called by an rmcp server.

use bulkhead_connector_kit::{Tool, ToolError};
use bulkhead_connector_toolbox::jq::Jq;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use serde_json::Value;

use crate::workload::TOOL;

/// Reading the arguments into the tool's types is what checks them, as with rmcp's own macros; a JSON Schema is not
/// looked at.
#[derive(Clone)]
pub(super) struct NativeTool;

impl ServerHandler for NativeTool {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != TOOL {
            return Err(ErrorData::invalid_params(format!("there is no tool {:?}", request.name), None));
        }
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let input =
            serde_json::from_value(arguments).map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
        Ok(match Jq::call(input) {
            Ok(output) => {
                let output =
                    serde_json::to_value(output).map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                CallToolResult::structured(output).into()
            }
            Err(error) => failed(&error).into(),
        })
    }
}

fn failed(error: &ToolError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(format!("{error:?}"))])
}
