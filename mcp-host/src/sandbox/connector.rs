//! One installed connector: compiled, initialised, linked, described.

use std::collections::BTreeMap;
use std::sync::Arc;

use bulkhead_connectors::{Annotations, NewConnector, Slug, Tool};
use bulkhead_execution::CallableTool;
use bulkhead_kernel::Clock;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bindings::ConnectorPre;
use super::bindings::exports::bulkhead::connector::tools as wit;
use super::engine::SandboxEngine;
use super::grants::Grants;
use super::host::Guest;
use super::limits::Limits;
use super::manifest::{ConnectorManifest, ManifestError, ManifestLimits};
use super::outbound::{Outbound, OutboundClient};
use super::preinit;
use super::run::{self, RunReport};
use crate::compile_cache::CompileCache;

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
    /// It is to have more memory than any instance can.
    #[error(
        "connector {slug}: its memory limit of {limit} bytes is over the pool's {pool}; see sandbox.max_memory_mib"
    )]
    Memory {
        /// The connector.
        slug: Slug,
        /// Its limit.
        limit: usize,
        /// The pool's.
        pool: usize,
    },
}

/// What the operator configured for a connector.
#[derive(Clone, Debug, Default)]
pub(crate) struct OperatorConfig {
    pub(crate) settings: Settings,
    pub(crate) limits: ManifestLimits,
}

/// A connector that can be called.
pub struct Connector {
    entry: NewConnector,
    callable: Vec<Arc<CallableTool>>,
    missing_settings: Vec<String>,
    pre: ConnectorPre<Guest>,
    sandbox: SandboxEngine,
    context: CallContext,
}

/// What every call of a connector starts from.
#[derive(Clone)]
struct CallContext {
    settings: Arc<Settings>,
    grants: Arc<Grants>,
    limits: Limits,
    client: OutboundClient,
    clock: Arc<dyn Clock>,
}

impl CallContext {
    fn guest(&self) -> Guest {
        let outbound = Outbound::new(self.grants.clone(), self.client.clone(), self.limits, self.clock.clone());
        Guest::new(self.settings.clone(), self.limits, outbound, self.clock.clone())
    }

    /// What a component gets while it is installed: no network, no settings, more time.
    fn installing(&self) -> Self {
        Self { settings: Arc::default(), grants: Arc::default(), ..self.clone() }
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
        let grants = manifest.grants(&operator.settings)?;
        let missing_settings = manifest.missing_settings(&settings);
        let limits = operator.limits.over(manifest.limits.over(Limits::default()));
        let pool = sandbox.options.max_memory_bytes;
        if limits.memory_bytes > pool {
            return Err(ConnectorError::Memory { slug, limit: limits.memory_bytes, pool });
        }
        let context = CallContext { settings: Arc::new(settings), grants: Arc::new(grants), limits, client, clock };
        let failed =
            |error: wasmtime::Error| ConnectorError::Component { slug: slug.clone(), message: format!("{error:#}") };
        let installing = context.installing();
        let component = cache
            .load_with(&sandbox.engine, wasm, "initialized", async || {
                preinit::initialize(sandbox, wasm, || installing.guest()).await
            })
            .await
            .map_err(|error| ConnectorError::Component { slug: slug.clone(), message: error.to_string() })?;
        let pre = sandbox.linker.instantiate_pre(&component).and_then(ConnectorPre::new).map_err(failed)?;
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(wasm)));
        let described = describe(sandbox, &pre, installing.guest()).await.map_err(failed)?;
        let mut tools = Vec::new();
        let mut callable = Vec::new();
        for tool in described {
            let name = tool.name.clone();
            let invalid = |message: String| ConnectorError::Tool { slug: slug.clone(), tool: name.clone(), message };
            let tool = convert(tool).map_err(invalid)?;
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
        Ok(Self { entry, callable, missing_settings, pre, sandbox: sandbox.clone(), context })
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

    /// Runs one of its tools in a fresh instance, as soon as there is room. Dropping the future ends the guest.
    pub async fn call(&self, tool: &str, arguments: &str) -> RunReport {
        let _slot = self.sandbox.slots.acquire().await.expect("the semaphore is never closed");
        let (guest, limits) = (self.context.guest(), self.context.limits);
        let clock = self.context.clock.as_ref();
        run::run(&self.sandbox.engine, &self.pre, guest, limits, tool, arguments, clock).await
    }
}

async fn describe(
    sandbox: &SandboxEngine,
    pre: &ConnectorPre<Guest>,
    guest: Guest,
) -> wasmtime::Result<Vec<wit::Tool>> {
    let mut store = run::new_store(&sandbox.engine, guest);
    run::watch_cpu(&mut store, preinit::TIME_LIMIT);
    let instance = pre.instantiate_async(&mut store).await?;
    instance.bulkhead_connector_tools().call_describe(&mut store).await
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
