//! The MCP server: tools of connectors, named `<connector>_<tool>`.

use std::sync::Arc;

use bulkhead_connectors::Tool as CatalogueTool;
use bulkhead_execution::{Refusal, SubmitError, ToolCall};
use bulkhead_kernel::{Caller, CorrelationId, Ports};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Value, json};

use super::result;
use crate::sandbox::Installed;
use crate::worker::{CallError, Worker};

/// Answers MCP requests. Cheap to clone: Streamable HTTP makes one for every request.
#[derive(Clone)]
pub struct McpServer(Arc<Inner>);

struct Inner {
    ports: Ports,
    worker: Worker,
    tools: Vec<Tool>,
    /// Who calls over stdio; over HTTP every request says it.
    local_caller: Option<Caller>,
}

impl McpServer {
    /// A server for the tools of these connectors.
    #[must_use]
    pub fn new(ports: Ports, worker: Worker, installed: &Installed, local_caller: Option<Caller>) -> Self {
        let tools = installed.iter().flat_map(|installed| {
            let entry = installed.connector.entry();
            entry.tools.iter().map(|tool| describe(entry.slug.as_str(), tool))
        });
        let tools = tools.collect();
        Self(Arc::new(Inner { ports, worker, tools, local_caller }))
    }

    /// Who makes this request, and which it is.
    fn who(&self, context: &RequestContext<RoleServer>) -> Result<(Caller, CorrelationId), ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>();
        let extension = parts.map(|parts| &parts.extensions);
        let caller = extension.and_then(|extensions| extensions.get::<Caller>()).or(self.0.local_caller.as_ref());
        let caller = caller.cloned().ok_or_else(|| ErrorData::internal_error("the request has no caller", None))?;
        let correlation = extension.and_then(|extensions| extensions.get::<CorrelationId>()).cloned();
        let entropy = self.0.ports.entropy.as_ref();
        Ok((caller, correlation.unwrap_or_else(|| CorrelationId::accept(None, entropy))))
    }
}

fn describe(slug: &str, tool: &CatalogueTool) -> Tool {
    let object = |schema: &Value| Arc::new(schema.as_object().cloned().unwrap_or_default());
    let hints = tool.annotations;
    let annotations = ToolAnnotations::from_raw(
        Some(tool.title.clone()),
        Some(hints.read_only_hint),
        Some(hints.destructive_hint),
        Some(hints.idempotent_hint),
        Some(hints.open_world_hint),
    );
    let described = Tool::new(format!("{slug}_{}", tool.name), tool.description.clone(), object(&tool.input_schema))
        .with_title(tool.title.clone())
        .with_annotations(annotations);
    match &tool.output_schema {
        Some(schema) => described.with_raw_output_schema(object(schema)),
        None => described,
    }
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("bulkhead", env!("CARGO_PKG_VERSION")))
            .with_instructions("Tools are named <connector>_<tool>. Every call is recorded as a job.")
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.0.tools.clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let (caller, correlation_id) = self.who(&context)?;
        // A slug has no underscore, so the first one ends it.
        let (connector, tool) = request.name.split_once('_').unwrap_or((&request.name, ""));
        let call = ToolCall {
            connector: connector.to_owned(),
            tool: tool.to_owned(),
            arguments: Value::Object(request.arguments.unwrap_or_default()),
            idempotency_key: None,
            correlation_id,
        };
        match self.0.worker.call(&caller, call, context.ct).await {
            Ok(job) => Ok(result::of_job(job).into()),
            Err(CallError::Submit(SubmitError::Refused(refusal))) => refuse(&request.name, &refusal),
            Err(CallError::Submit(error)) => {
                tracing::error!(%error, "a call could not be recorded");
                Err(ErrorData::internal_error("the call could not be recorded, so it was not run; try again", None))
            }
            Err(error @ CallError::EndNotRecorded(job)) => {
                Err(ErrorData::internal_error(error.to_string(), Some(json!({ "job": job }))))
            }
            Err(error @ CallError::Draining) => Err(ErrorData::internal_error(error.to_string(), None)),
        }
    }
}

/// An unknown tool is a protocol error; wrong arguments are a result, which the model can read and correct.
fn refuse(name: &str, refusal: &Refusal) -> Result<CallToolResponse, ErrorData> {
    match refusal {
        Refusal::InvalidArguments(faults) => Ok(result::of_faults(&refusal.to_string(), faults).into()),
        Refusal::UnknownConnector(_) | Refusal::UnknownTool(_) => {
            let name: String = name.chars().take(128).collect();
            Err(ErrorData::invalid_params(format!("there is no tool {name:?}; tools/list lists them"), None))
        }
        Refusal::IdempotencyKeyReused | Refusal::InvalidIdempotencyKey => {
            Err(ErrorData::invalid_params(refusal.to_string(), None))
        }
    }
}
