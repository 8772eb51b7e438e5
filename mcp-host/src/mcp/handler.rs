//! The MCP server: what connectors offer, under `<connector>_<name>`.

#![expect(deprecated, reason = "2026-07-28 deprecates logging and still defines it; older clients rely on it")]

use std::sync::Arc;
use std::time::Duration;

use bulkhead_identity::AuthenticateError;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::{Caller, CorrelationId, Denied, Permission, Ports, Secret};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult,
    GetPromptRequestParams, GetPromptResponse, GetTaskParams, GetTaskResult, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, SetLevelRequestParams,
    SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use tokio_util::sync::CancellationToken;

use super::input::Sealer;
use super::lists::{LiveLists, page};
use super::session::Session;
use super::{call, project, read, subscriptions, tasks};
use crate::auth::ScopeGap;
use crate::config::McpConfig;
use crate::worker::Worker;

/// Answers MCP requests. Streamable HTTP makes one for every session of an older client, and one for every request of a
/// newer one; all of them share what is behind.
pub struct McpServer {
    shared: Arc<Shared>,
    session: Arc<Session>,
}

/// What all sessions share.
pub(super) struct Shared {
    pub(super) ports: Ports,
    pub(super) worker: Worker,
    pub(super) sealer: Sealer,
    pub(super) config: McpConfig,
    pub(super) stop: CancellationToken,
    lists: LiveLists,
    local: Option<Local>,
}

impl Shared {
    /// How long whoever is asked for input may take.
    pub(super) fn input_time(&self) -> Duration {
        Duration::from_secs(self.config.input_seconds)
    }
}

/// Who calls when requests don't say it, and in which project. The key is looked at for every request, so what it may, and
/// whether it still holds, is as everywhere.
#[derive(Debug)]
pub struct Local {
    /// The API key that they call with.
    pub key: Secret,
    /// Where they name none.
    pub project: Option<ProjectId>,
}

/// The local key does not open anything.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// It does not hold, or can't be looked up.
    #[error("the API key of this process: {0}")]
    Key(#[from] AuthenticateError),
    /// It may not call tools.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl Local {
    /// Who calls now.
    ///
    /// # Errors
    /// What is wrong with the key.
    pub async fn caller(&self, ports: &Ports) -> Result<Caller, LocalError> {
        let caller = bulkhead_identity::authenticate_key(ports, self.key.expose(), None).await?;
        caller.may(Permission::CallTools)?;
        Ok(caller)
    }
}

/// Who makes a request, and which it is.
pub(super) struct Request {
    pub(super) caller: Caller,
    /// The project in which they make it.
    pub(super) project: Option<ProjectId>,
    pub(super) correlation: CorrelationId,
    pub(super) gap: ScopeGap,
}

impl Request {
    /// Who makes it, and in which project.
    pub(super) fn who(&self) -> (&Caller, Option<ProjectId>) {
        (&self.caller, self.project)
    }
}

impl McpServer {
    /// A server for the worker's connectors. `secret` seals what clients carry for tools. `local` is who calls
    /// where requests bring no credential.
    #[must_use]
    pub fn new(
        ports: Ports,
        worker: Worker,
        secret: &Secret,
        config: McpConfig,
        local: Option<Local>,
        stop: CancellationToken,
    ) -> Self {
        let lists = LiveLists::of(worker.installed());
        let sealer = Sealer::new(secret, Duration::from_secs(config.input_seconds));
        let shared = Shared { ports, worker, sealer, config, stop, lists, local };
        Self { shared: Arc::new(shared), session: Arc::default() }
    }

    /// The same server for another session.
    #[must_use]
    pub fn for_session(&self) -> Self {
        Self { shared: self.shared.clone(), session: Arc::default() }
    }

    async fn request(&self, context: &RequestContext<RoleServer>) -> Result<Request, ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>();
        let extensions = parts.map(|parts| &parts.extensions);
        let local = self.shared.local.as_ref();
        let caller = match (extensions.and_then(|extensions| extensions.get::<Caller>()), local) {
            (Some(caller), _) => caller.clone(),
            (None, Some(local)) => {
                let refused = |error: LocalError| match error {
                    LocalError::Key(AuthenticateError::Sql(error)) => {
                        tracing::error!(%error, "the API key of this process could not be looked up");
                        ErrorData::internal_error("who calls could not be looked up; try again", None)
                    }
                    error => ErrorData::invalid_request(error.to_string(), None),
                };
                local.caller(&self.shared.ports).await.map_err(refused)?
            }
            (None, None) => return Err(ErrorData::internal_error("the request has no caller", None)),
        };
        let named = parts.map(|parts| project::named_by(&parts.uri)).transpose()?.flatten();
        let project = named.or_else(|| local.and_then(|local| local.project));
        let correlation = extensions.and_then(|extensions| extensions.get::<CorrelationId>()).cloned();
        let entropy = self.shared.ports.entropy.as_ref();
        let gap = extensions.and_then(|extensions| extensions.get::<ScopeGap>()).cloned().unwrap_or_default();
        Ok(Request {
            gap,
            caller,
            project,
            correlation: correlation.unwrap_or_else(|| CorrelationId::accept(None, entropy)),
        })
    }

    /// Begins to tell a client of an older version of changes, once a session.
    async fn forward_changes(&self, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let organization = self.request(context).await?.caller.organization;
        if self.session.begins_forwarding() {
            let (peer, changes) = (context.peer.clone(), self.shared.worker.changes().listen());
            tokio::spawn(subscriptions::forward(peer, self.session.clone(), changes, organization));
        }
        Ok(())
    }
}

/// Whether the request is of a version without sessions, in which every request says all that is to be known.
pub(super) fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// A page of a list as its result, with hints for caches. Lists are the same for whoever may see them, but who may see
/// what differs, so nobody else's cache may keep one.
macro_rules! listed {
    ($server:expr, $list:ident, $key:expr, $request:expr, $result:ident) => {{
        let lists = $server.shared.lists.of_now(&$server.shared.worker);
        listed!($server, of lists.$list, $key, $request, $result)
    }};
    ($server:expr, of $all:expr, $key:expr, $request:expr, $result:ident) => {{
        let config = &$server.shared.config;
        let (entries, next) = page(&$all, $key, $request, config.page_size)?;
        let mut result = $result::with_all_items(entries);
        result.next_cursor = next;
        Ok(result.with_ttl_ms(config.list_ttl_ms).with_cache_scope(CacheScope::Private))
    }};
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_tasks()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("bulkhead", env!("CARGO_PKG_VERSION")))
            .with_instructions("Tools are named <connector>_<tool>. Every call is recorded as a job.")
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let organization = self.request(&context).await?.caller.organization;
        let restrictions = bulkhead_connectors::restrictions_of(&self.shared.ports, organization).await;
        let restrictions = restrictions.map_err(|error| {
            tracing::error!(%error, "an organization's restrictions could not be read");
            ErrorData::internal_error("the database is unavailable; try again", None)
        })?;
        match self.shared.lists.of_now(&self.shared.worker).tools_left(&restrictions) {
            None => listed!(self, tools, |tool| &tool.name, request, ListToolsResult),
            Some(left) => listed!(self, of left, |tool| &tool.name, request, ListToolsResult),
        }
    }

    /// For the check of headers that repeat arguments, which only tools have whose schema names such headers.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.shared.lists.of_now(&self.shared.worker).tool_with_headers(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        call::call(&self.shared, &self.session, self.request(&context).await?, request, context).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        tasks::get(&self.shared, &self.request(&context).await?, request).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tasks::update(&self.shared, self.request(&context).await?, request).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tasks::cancel(&self.shared, &self.request(&context).await?, request).await
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        listed!(self, prompts, |prompt| &prompt.name, request, ListPromptsResult)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        read::prompt(&self.shared, self.request(&context).await?, request, context).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        listed!(self, resources, |resource| &resource.uri, request, ListResourcesResult)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        listed!(self, templates, |template| &template.uri_template, request, ListResourceTemplatesResult)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        read::resource(&self.shared, self.request(&context).await?, request, context).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        read::complete(&self.shared, self.request(&context).await?, request, context).await
    }

    async fn set_level(&self, request: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.session.set_level(request.level);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        // rmcp acknowledges what this gives, and calls `listen` some time later.
        self.session.begin_to_listen(self.shared.worker.changes());
        let mut accepted = requested.clone();
        if let Some(uris) = &mut accepted.resource_subscriptions {
            let installed = self.shared.worker.installed();
            uris.retain(|uri| installed.owner_of(uri).is_some());
            uris.truncate(self.shared.config.max_subscriptions);
        }
        Some(accepted)
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let changes = self.session.listen(self.shared.worker.changes());
        let organization = self.request(subscription.request_context()).await?.caller.organization;
        subscriptions::listen(subscription, changes, organization, self.shared.stop.clone()).await
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if self.shared.worker.installed().owner_of(&request.uri).is_none() {
            return Err(read::no_resource(&request.uri));
        }
        let most = self.shared.config.max_subscriptions;
        if !self.session.subscribe(request.uri, most) {
            let message = format!("a session subscribes to at most {most} resources; unsubscribe from one first");
            return Err(ErrorData::invalid_params(message, None));
        }
        self.forward_changes(&context).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session.unsubscribe(&request.uri);
        Ok(())
    }
}
