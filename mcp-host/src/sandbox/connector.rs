//! One installed connector: compiled, initialised, linked, described.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bulkhead_connectors::{Annotations, NewConnector, Restrictions, Slug, Tool, ToolName};
use bulkhead_execution::{CallableTool, JobError, JobErrorKind};
use bulkhead_kernel::Clock;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::background::Demotion;
use super::bindings::exports::bulkhead::connector::{prompts as wit_prompts, resources as wit_resources, tools as wit};
use super::compile::{self, CompileError};
use super::content;
use super::contract::{Contract, Described};
use super::credentials::CredentialBinding;
use super::engine::{EngineOptions, Runtime, SandboxEngine};
use super::exports::Exports;
use super::grants::{Grants, Narrowing, NarrowingError};
use super::host::Guest;
use super::invocation::{Invocation, Operation};
use super::limits::{LimitExceeded, LimitName, Limits, ManifestLimits};
use super::manifest::{ConnectorManifest, ManifestError};
use super::outbound::{Credentials, Outbound, OutboundClient, UnusableCredential};
use super::plain::{PlainComponent, Surface, has_initializer};
use super::preinit;
use super::run::{self, RunReport, Task};
use crate::compile_cache::CompileCache;

/// The name of what a component becomes by being initialised, in the cache.
const INITIALIZED: &str = "initialized";

pub(crate) type Settings = BTreeMap<String, String>;

/// Why a connector can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Its manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Its component can't be compiled, linked or initialised.
    #[error("connector {slug}: {message}")]
    Component {
        /// The connector.
        slug: Slug,
        /// Why.
        message: String,
    },
    /// The compiler does not take it.
    #[error("connector {slug}: {source}")]
    Compile {
        /// The connector.
        slug: Slug,
        /// Why.
        source: CompileError,
    },
    /// A tool that it describes can't be offered.
    #[error("connector {slug}: tool {tool:?}: {message}")]
    Tool {
        /// The connector.
        slug: Slug,
        /// The tool, as the component names it.
        tool: String,
        /// Why.
        message: String,
    },
    /// What it offers beside tools can't be.
    #[error("connector {slug}: {message}")]
    Listing {
        /// The connector.
        slug: Slug,
        /// Why.
        message: String,
    },
    /// The operator's grants are not among the manifest's.
    #[error("[connectors.{slug}.outbound] {source}")]
    Narrowing {
        /// The connector.
        slug: Slug,
        /// Why.
        source: NarrowingError,
    },
    /// It is to have more memory or larger tables than any instance can.
    #[error("connector {slug}: its limit {name} of {limit} is over the pool's {pool}; see sandbox.{setting}")]
    Pool {
        /// The connector.
        slug: Slug,
        /// Which limit.
        name: &'static str,
        /// Its value.
        limit: usize,
        /// The pool's.
        pool: usize,
        /// The setting of the pool's.
        setting: &'static str,
    },
}

/// What the operator configured for a connector.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperatorConfig {
    pub(crate) settings: Settings,
    pub(crate) limits: ManifestLimits,
    pub(crate) outbound: Narrowing,
}

/// A connector that can be called.
pub struct Connector {
    entry: NewConnector,
    callable: Vec<Arc<CallableTool>>,
    prompts: Vec<Prompt>,
    listing: Listing,
    missing_settings: Vec<String>,
    credential_bindings: Vec<CredentialBinding>,
    exports: Arc<Exports>,
    sandbox: SandboxEngine,
    runtime: Arc<Runtime>,
    context: CallContext,
}

/// A prompt that a connector offers.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Its name in the connector.
    pub name: String,
    /// MCP's `Prompt`, under the connector's name.
    pub listed: Value,
    /// The names of its arguments, and whether each is required.
    pub arguments: Vec<(String, bool)>,
}

/// What can be read of a connector.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// MCP's `Resource`s.
    pub resources: Vec<Value>,
    /// MCP's `ResourceTemplate`s.
    pub templates: Vec<Value>,
    /// The schemes of all its addresses, listed or not.
    pub schemes: Vec<String>,
    /// Whether it completes arguments.
    pub completes: bool,
}

/// What a component offers, as it is found out.
#[derive(Default)]
struct Offered {
    /// By the names that the component has for them.
    tools: Vec<(String, Result<Tool, String>)>,
    prompts: Vec<Prompt>,
    listing: Listing,
}

/// What every call of a connector starts from.
#[derive(Clone)]
struct CallContext {
    settings: Arc<Settings>,
    variables: Arc<[(String, String)]>,
    grants: Arc<Grants>,
    /// What the organisation leaves of the grants; everything when absent.
    left: Option<Arc<Grants>>,
    limits: Limits,
    client: OutboundClient,
    clock: Arc<dyn Clock>,
}

impl CallContext {
    fn guest(&self, credentials: Credentials) -> Guest {
        let (grants, client) = (self.grants.clone(), self.client.clone());
        let outbound = Outbound::new(grants, self.left.clone(), client, self.limits, credentials, self.clock.clone());
        Guest::new(self.settings.clone(), self.variables.clone(), self.limits, outbound, self.clock.clone())
    }

    /// What is left of it to an organisation.
    fn restricted(&self, restrictions: &Restrictions) -> Self {
        let left = restrictions.outbound(&self.settings).map(Arc::new);
        Self { left, limits: restrictions.limits(self.limits), ..self.clone() }
    }

    /// What a component gets while it is installed: no network, no settings, no credentials, more time.
    fn installing(&self) -> Self {
        Self { settings: Arc::default(), variables: Arc::default(), grants: Arc::default(), ..self.clone() }
    }
}

impl Connector {
    /// Compiles, initialises, links and describes a component. What was done before with the same bytes is taken
    /// from the cache.
    pub(crate) async fn load(
        sandbox: &SandboxEngine,
        cache: &CompileCache,
        client: OutboundClient,
        clock: Arc<dyn Clock>,
        manifest: ConnectorManifest,
        wasm: &[u8],
        operator: &OperatorConfig,
    ) -> Result<Self, ConnectorError> {
        let slug = manifest.slug.clone();
        let settings = manifest.settings(&operator.settings)?;
        let credential_bindings = manifest.credential_bindings(&settings)?;
        let grants = manifest
            .grants(&operator.settings)?
            .narrowed(&operator.outbound)
            .map_err(|source| ConnectorError::Narrowing { slug: slug.clone(), source })?;
        let variables = manifest.variables(&settings)?.into();
        let missing_settings = manifest.missing_settings(&settings);
        let limits = operator.limits.over(manifest.limits.over(Limits::default()));
        let options = &sandbox.options;
        let pooled = [
            ("memory_bytes", limits.memory_bytes, options.max_memory_bytes, "max_memory_mib"),
            ("table_elements", limits.table_elements, options.max_table_elements, "max_table_elements"),
        ];
        if let Some((name, limit, pool, setting)) = pooled.into_iter().find(|(_, limit, pool, _)| limit > pool) {
            return Err(ConnectorError::Pool { slug, name, limit, pool, setting });
        }
        let (settings, grants) = (Arc::new(settings), Arc::new(grants));
        let context = CallContext { settings, variables, grants, left: None, limits, client, clock };
        let unusable = |message: String| ConnectorError::Component { slug: slug.clone(), message };
        let failed = |error: wasmtime::Error| unusable(format!("{error:#}"));
        let installing = context.installing();
        let surface = Surface::read(wasm)
            .map_err(|error| unusable(format!("not a WebAssembly component that can run here: {error}")))?;
        let runtime = sandbox.runtime(&surface);
        let engine = &runtime.engine;
        let uncompiled = |source| ConnectorError::Compile { slug: slug.clone(), source };
        compile::measure(wasm, &sandbox.options).map_err(uncompiled)?;
        // A plain component may mean something else by the name, which its types tell.
        let initializes = surface.initializes()
            && (surface.is_contract() || {
                let component = compiled((sandbox, engine), cache, wasm, None).await.map_err(uncompiled)?;
                has_initializer(engine, &component)
            });
        let component = if !initializes {
            compiled((sandbox, engine), cache, wasm, None).await.map_err(uncompiled)?
        } else if let Some(component) = cache.find(engine, wasm, Some(INITIALIZED)) {
            component
        } else {
            let instrumented = preinit::instrument((sandbox, runtime), wasm).await.map_err(uncompiled)?;
            let guest = installing.guest(Credentials::default());
            let initialized = instrumented.initialize(runtime, sandbox.options, guest);
            let changed = in_time(sandbox, initialized).await.map_err(failed)?;
            compiled((sandbox, engine), cache, wasm, Some(changed)).await.map_err(uncompiled)?
        };
        let pre = runtime.linker.instantiate_pre(&component).map_err(failed)?;
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(wasm)));
        let invalid_listing = |message| ConnectorError::Listing { slug: slug.clone(), message };
        let mut offered = Offered::default();
        let exports = if surface.is_contract() {
            let contract = Contract::new(pre).map_err(failed)?;
            let guest = installing.guest(Credentials::default());
            let described =
                in_time(sandbox, describe((engine, sandbox.options), &contract, guest)).await.map_err(failed)?;
            offered.tools = described.tools.into_iter().map(|tool| (tool.name.clone(), convert(tool))).collect();
            offered.prompts = prompts(&slug, described.prompts).map_err(invalid_listing)?;
            offered.listing = listing(described.resources, described.completes, manifest.resources.schemes)
                .map_err(invalid_listing)?;
            Exports::Contract(contract)
        } else {
            let hints = manifest.plain_annotations();
            let plain = PlainComponent::new(engine, &component, pre, &surface, wasm, &slug, hints)
                .map_err(|error| unusable(error.to_string()))?;
            offered.tools = plain.tools().map(|tool| (tool.name.as_str().to_owned(), Ok(tool.clone()))).collect();
            Exports::Plain(plain)
        };
        let (described, most) = (offered.tools.len(), sandbox.options.max_tools);
        if described > most {
            return Err(unusable(format!("it has {described} tools; {most} are allowed, see sandbox.max_tools")));
        }
        let mut tools = Vec::new();
        let mut callable = Vec::new();
        for (name, tool) in offered.tools {
            let invalid = |message: String| ConnectorError::Tool { slug: slug.clone(), tool: name.clone(), message };
            let tool = tool.map_err(invalid)?;
            if tools.iter().any(|other: &Tool| other.name == tool.name) {
                return Err(invalid("it is described twice".to_owned()));
            }
            let read_only = tool.annotations.read_only_hint;
            let checked = CallableTool::new(slug.as_str(), tool.name.as_str(), &digest, read_only, &tool.input_schema)
                .map_err(|error| invalid(error.to_string()))?;
            callable.push(Arc::new(checked));
            tools.push(tool);
        }
        let entry = NewConnector {
            slug: manifest.slug,
            name: manifest.name,
            version: manifest.version,
            description: manifest.description,
            auth_type: manifest.auth.kind,
            digest,
            tools,
        };
        let Offered { prompts, listing, .. } = offered;
        Ok(Self {
            entry,
            callable,
            prompts,
            listing,
            missing_settings,
            credential_bindings,
            exports: Arc::new(exports),
            sandbox: sandbox.clone(),
            runtime: runtime.clone(),
            context,
        })
    }

    /// What the catalogue says of it.
    #[must_use]
    pub fn entry(&self) -> &NewConnector {
        &self.entry
    }

    /// Required settings without a value: until they have one, calls will fail.
    #[must_use]
    pub fn missing_settings(&self) -> &[String] {
        &self.missing_settings
    }

    /// One of its tools.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Arc<CallableTool>> {
        self.callable.iter().find(|tool| tool.tool == name)
    }

    /// Its prompts, in the order in which they are listed.
    #[must_use]
    pub fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }

    /// What can be read of it.
    #[must_use]
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The credentials that it asks for, and whom each is for.
    #[must_use]
    pub fn credential_bindings(&self) -> &[CredentialBinding] {
        &self.credential_bindings
    }

    /// Does what it is asked in a fresh instance, as soon as there is room. Dropping the future ends the guest. The
    /// credentials never reach the guest: they are added to its requests to their audience. Without one that is
    /// required the guest does not start.
    pub async fn call(&self, invocation: Invocation) -> RunReport {
        let context = match &invocation.restrictions {
            None => Cow::Borrowed(&self.context),
            Some(in_force) => Cow::Owned(self.context.restricted(&in_force.restrictions)),
        };
        let bytes = invocation.bytes();
        let limit = context.limits.argument_bytes;
        if bytes > limit {
            let exceeded = LimitExceeded::with(LimitName::ArgumentBytes, limit, bytes);
            return RunReport::failed(run::limit_error(exceeded));
        }
        let Invocation { operation, round, credentials, observer, restrictions: _ } = invocation;
        // Somebody types, and for every letter of it nothing should leave this machine.
        let guest = if matches!(operation, Operation::Completion { .. }) {
            context.installing().guest(Credentials::default())
        } else {
            match Credentials::new(&self.credential_bindings, &credentials) {
                Ok(credentials) => context.guest(credentials),
                Err(unusable) => return self.refused(&unusable),
            }
        };
        let slot = self.sandbox.slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (runtime, exports, guest) = (self.runtime.clone(), self.exports.clone(), guest.observed_by(observer));
        let task = Task { runtime, exports, guest, operation, round, slot };
        run::run(task, &self.sandbox.background, context.clock.as_ref()).await
    }

    fn refused(&self, unusable: &UnusableCredential) -> RunReport {
        let kind = match unusable {
            UnusableCredential::Missing { .. } => JobErrorKind::CredentialMissing,
            UnusableCredential::TooShort { .. } | UnusableCredential::Unsendable { .. } => {
                JobErrorKind::CredentialInvalid
            }
        };
        let (slug, name) = (&self.entry.slug, unusable.name());
        let message = format!("{unusable}; set it with `bulkhead secrets set {slug} {name}`");
        let details = json!({ "connector": slug, "credential": name });
        RunReport::failed(JobError::new(kind, message).with_details(details))
    }
}

/// Ends what waits for ever while it is installed: the host would never start.
async fn in_time<T>(
    sandbox: &SandboxEngine,
    installing: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    let limit = sandbox.options.install_time;
    tokio::time::timeout(limit, installing).await.unwrap_or_else(|_| {
        let limit = limit.as_millis();
        Err(LimitExceeded::with(LimitName::WallMs, limit, limit).into())
    })
}

/// A component from the cache, or compiled now; or what it became when it was initialised, compiled.
async fn compiled(
    (sandbox, engine): (&SandboxEngine, &Engine),
    cache: &CompileCache,
    wasm: &[u8],
    changed: Option<Vec<u8>>,
) -> Result<Component, CompileError> {
    let variant = changed.as_ref().map(|_| INITIALIZED);
    if let Some(component) = cache.find(engine, wasm, variant) {
        return Ok(component);
    }
    let (engine, cache, wasm) = (engine.clone(), cache.clone(), wasm.to_owned());
    let compile = move || cache.compile(&engine, &wasm, variant.zip(changed.as_deref()));
    compile::in_time(sandbox, compile).await
}

async fn describe(
    (engine, options): (&Engine, EngineOptions),
    contract: &Contract,
    guest: Guest,
) -> wasmtime::Result<Described> {
    let cpu = guest.cpu.clone();
    let mut store = run::new_store(engine, guest);
    run::watch_cpu(&mut store, options.install_time, Demotion::default());
    cpu.measure(contract.describe(&mut store)).await
}

fn prompts(slug: &Slug, described: Vec<wit_prompts::Prompt>) -> Result<Vec<Prompt>, String> {
    let mut prompts: Vec<Prompt> = Vec::new();
    for prompt in described {
        let name = prompt.name.clone();
        name.parse::<ToolName>().map_err(|error| format!("prompt {name:?}: {error}"))?;
        if prompts.iter().any(|other| other.name == name) {
            return Err(format!("prompt {name:?} is described twice"));
        }
        let arguments = prompt.arguments.iter().map(|argument| (argument.name.clone(), argument.required)).collect();
        prompts.push(Prompt { name, arguments, listed: content::prompt(slug.as_str(), prompt) });
    }
    Ok(prompts)
}

fn listing(described: wit_resources::Listing, completes: bool, schemes: Vec<String>) -> Result<Listing, String> {
    let resources = described.resources.iter().map(|resource| &resource.link.uri);
    for uri in resources.chain(described.templates.iter().map(|template| &template.uri_template)) {
        if !uri.split_once(':').is_some_and(|(scheme, _)| schemes.iter().any(|own| own == scheme)) {
            return Err(format!("{uri:?} has no scheme that the manifest declares under [resources]"));
        }
    }
    Ok(Listing {
        resources: described.resources.into_iter().map(content::resource).collect(),
        templates: described.templates.into_iter().map(content::template).collect(),
        schemes,
        completes,
    })
}

fn convert(tool: wit::Tool) -> Result<Tool, String> {
    let schema = |text: &str, what: &str| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| format!("its {what} schema is not a JSON object"))
    };
    Ok(Tool {
        name: tool.name.parse().map_err(|error| format!("{error}"))?,
        title: tool.title,
        description: tool.description,
        input_schema: schema(&tool.input_schema, "input")?,
        output_schema: tool.output_schema.map(|text| schema(&text, "output")).transpose()?,
        annotations: Annotations {
            read_only_hint: tool.annotations.read_only,
            destructive_hint: tool.annotations.destructive,
            idempotent_hint: tool.annotations.idempotent,
            open_world_hint: tool.annotations.open_world,
        },
    })
}
