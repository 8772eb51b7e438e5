//! A tool as somebody would offer it who has no sandbox: a function called by an rmcp server.

use bulkhead_connector_kit::Tool;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use serde_json::Value;

/// Takes the tool's arguments and gives its structured result, or what went wrong.
type Function = fn(Value) -> Result<Value, String>;

/// The tool of this name.
#[derive(Clone)]
pub(super) struct NativeTool(pub(super) &'static str, pub(super) Function);

impl ServerHandler for NativeTool {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != self.0 {
            return Err(ErrorData::invalid_params(format!("there is no tool {:?}", request.name), None));
        }
        Ok(match (self.1)(Value::Object(request.arguments.unwrap_or_default())) {
            Ok(output) => CallToolResult::structured(output).into(),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error)]).into(),
        })
    }
}

/// A connector's own code. Reading the arguments into the tool's types is what checks them, as with rmcp's own macros;
/// a JSON Schema is not looked at.
pub(super) fn of_a_connector<T: Tool>(arguments: Value) -> Result<Value, String> {
    let input = serde_json::from_value(arguments).map_err(|error| error.to_string())?;
    let output = T::call(input).map_err(|error| format!("{error:?}"))?;
    serde_json::to_value(output).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_toolbox::jq::Jq;
    use bulkhead_guest_echo::Echo;

    use super::*;
    use crate::workload::{arguments, expected, message};

    #[test]
    fn both_functions_give_what_is_expected() {
        assert_eq!(of_a_connector::<Echo>(message()), Ok(message()));
        assert_eq!(of_a_connector::<Jq>(arguments()), Ok(expected()));
    }
}
