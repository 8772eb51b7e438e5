//! A tool in the sandbox, and nothing else of the product: no caller, no job, no audit.

use std::sync::Arc;

use bulkhead_execution::Outcome;
use mcp_host::sandbox::{Installed, Invocation};
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use serde_json::Value;

use crate::in_process;
use crate::options::Server;

#[derive(Clone)]
pub(super) struct SandboxedTool(Arc<Installed>);

impl SandboxedTool {
    pub(super) async fn install(server: &Server) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(in_process::installed(&server.connectors, &server.cache).await?)))
    }
}

impl ServerHandler for SandboxedTool {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let unknown = || ErrorData::invalid_params(format!("there is no tool {:?}", request.name), None);
        let (slug, name) = request.name.split_once('_').ok_or_else(unknown)?;
        let connector = self.0.get(slug).ok_or_else(unknown)?;
        let tool = connector.tool(name).ok_or_else(unknown)?;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let faults = tool.check(&arguments);
        if let Some(fault) = faults.first() {
            return Err(ErrorData::invalid_params(format!("{}: {}", fault.pointer, fault.message), None));
        }
        Ok(match connector.call(Invocation::tool(name, arguments.to_string())).await.outcome {
            Outcome::Succeeded(mut result) => CallToolResult::structured(result["structuredContent"].take()).into(),
            Outcome::Failed(error) => CallToolResult::error(vec![ContentBlock::text(error.message)]).into(),
        })
    }
}
