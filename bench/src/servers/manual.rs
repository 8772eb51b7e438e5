//! Tools as the manuals of their libraries have them: rmcp's macros with a router that every server makes, and `jq` in
//! the way that jaq's manual shows, which parses and compiles all of its library with the filter.

use bulkhead_guest_echo::Message;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::Val;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::{Json, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A server with both tools.
#[derive(Clone)]
pub(super) struct Manual {
    tool_router: ToolRouter<Self>,
}

/// The arguments of `jq`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Query {
    filter: String,
    input: Value,
}

/// The results of `jq`.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Found {
    results: Vec<Value>,
}

#[tool_router]
impl Manual {
    pub(super) fn new() -> Self {
        Self { tool_router: Self::tool_router() }
    }

    #[tool(name = "echo_echo", description = "Gives back the message.")]
    async fn echo(&self, Parameters(message): Parameters<Message>) -> Json<Message> {
        Json(message)
    }

    #[tool(name = "toolbox_jq", description = "Runs a jq filter.")]
    async fn jq(&self, Parameters(query): Parameters<Query>) -> Result<Json<Found>, String> {
        run(query).map(Json)
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Manual {}

fn run(Query { filter, input }: Query) -> Result<Found, String> {
    let input: Val = serde_json::from_value(input).map_err(|error| error.to_string())?;
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let natives = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let program = Loader::new(definitions).load(&arena, File { code: filter.as_str(), path: () });
    let program = program.map_err(|_| "the filter can't be parsed")?;
    let compiler = Compiler::default().with_funs(natives);
    let filter = compiler.compile(program).map_err(|_| "the filter does not compile")?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut results = Vec::new();
    for result in filter.id.run((context, input)).map(unwrap_valr) {
        let text = result.map_err(|error| error.to_string())?.to_string();
        results.push(serde_json::from_str(&text).map_err(|error| error.to_string())?);
    }
    Ok(Found { results })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{arguments, expected};

    #[test]
    fn jq_gives_what_is_expected() {
        let query = serde_json::from_value(arguments()).expect("arguments");
        let found = run(query).expect("results");
        assert_eq!(serde_json::to_value(found).expect("JSON"), expected());
    }
}
