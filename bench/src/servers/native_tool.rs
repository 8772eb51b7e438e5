//! `jq` as somebody would offer it who has no sandbox: a function called by an rmcp server.

use bulkhead_connector_kit::Tool;
use bulkhead_connector_toolbox::jq::Jq;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::Val;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Value, json};

use crate::workload::TOOL;

/// Takes the tool's arguments and gives its structured result, or what went wrong.
type Function = fn(Value) -> Result<Value, String>;

#[derive(Clone)]
pub(super) struct NativeTool(pub(super) Function);

impl ServerHandler for NativeTool {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name != TOOL {
            return Err(ErrorData::invalid_params(format!("there is no tool {:?}", request.name), None));
        }
        Ok(match (self.0)(Value::Object(request.arguments.unwrap_or_default())) {
            Ok(output) => CallToolResult::structured(output).into(),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error)]).into(),
        })
    }
}

/// The toolbox's own code. Reading the arguments into the tool's types is what checks them, as with rmcp's own macros;
/// a JSON Schema is not looked at.
pub(super) fn of_the_toolbox(arguments: Value) -> Result<Value, String> {
    let input = serde_json::from_value(arguments).map_err(|error| error.to_string())?;
    let output = Jq::call(input).map_err(|error| format!("{error:?}"))?;
    serde_json::to_value(output).map_err(|error| error.to_string())
}

/// jaq in the way that its manual shows: all of its library is parsed and compiled with the filter.
pub(super) fn of_the_manual(mut arguments: Value) -> Result<Value, String> {
    let input: Val = serde_json::from_value(arguments["input"].take()).map_err(|error| error.to_string())?;
    let text = arguments["filter"].as_str().ok_or("there is no filter")?;
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let natives = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let program = Loader::new(definitions).load(&arena, File { code: text, path: () });
    let program = program.map_err(|_| "the filter can't be parsed")?;
    let compiler = Compiler::default().with_funs(natives);
    let filter = compiler.compile(program).map_err(|_| "the filter does not compile")?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut results = Vec::new();
    for result in filter.id.run((context, input)).map(unwrap_valr) {
        let text = result.map_err(|error| error.to_string())?.to_string();
        results.push(serde_json::from_str(&text).map_err(|error| error.to_string())?);
    }
    Ok(json!({ "results": Value::Array(results) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{arguments, expected};

    #[test]
    fn both_functions_give_what_is_expected() {
        assert_eq!(of_the_toolbox(arguments()), Ok(expected()));
        assert_eq!(of_the_manual(arguments()), Ok(expected()));
    }
}
