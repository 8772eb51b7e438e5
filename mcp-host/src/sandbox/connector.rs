//! One installed connector: compiled, initialised, linked, described.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bulkhead_connectors::{NewConnector, Restrictions, Slug};
use bulkhead_execution::{CallableTool, JobError, JobErrorKind};
use bulkhead_kernel::Clock;
use serde_json::json;

use super::account::Account;
use super::compile::CompileError;
use super::component::{self, Component, Origin};
use super::credentials::CredentialBinding;
use super::engine::SandboxEngine;
use super::grants::{Grants, Narrowing, NarrowingError};
use super::host::Guest;
use super::invocation::{Invocation, Observer, Operation};
use super::limits::{LimitExceeded, LimitName, Limits, ManifestLimits};
use super::manifest::{ConnectorManifest, ManifestError};
use super::offered::{Listing, Offered, Prompt};
use super::outbound::{Credentials, Outbound, OutboundClient, UnusableCredential};
use super::plain::LeftOut;
use super::run::{self, RunReport, Task};
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
    left_out: Vec<LeftOut>,
    missing_settings: Vec<String>,
    credential_bindings: Vec<CredentialBinding>,
    account: Option<Account>,
    component: Component,
    sandbox: SandboxEngine,
    context: CallContext,
}

/// What every call of a connector starts from.
#[derive(Clone)]
pub(super) struct CallContext {
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
    pub(super) fn guest(&self, credentials: Credentials, observer: Option<Observer>) -> Box<Guest> {
        let (grants, client) = (self.grants.clone(), self.client.clone());
        let outbound = Outbound::new(grants, self.left.clone(), client, self.limits, credentials, self.clock.clone());
        let (settings, variables, clock) = (self.settings.clone(), self.variables.clone(), self.clock.clone());
        Box::new(Guest::new(settings, variables, self.limits, outbound, clock, observer))
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
    /// from the cache when it is needed, which is not before the first call. `file` is where the component was read.
    pub(crate) async fn load(
        sandbox: &SandboxEngine,
        cache: &CompileCache,
        client: OutboundClient,
        clock: Arc<dyn Clock>,
        manifest: ConnectorManifest,
        (file, wasm): (Option<PathBuf>, &[u8]),
        operator: &OperatorConfig,
    ) -> Result<Self, ConnectorError> {
        let slug = manifest.slug.clone();
        let settings = manifest.settings(&operator.settings)?;
        let credential_bindings = manifest.credential_bindings(&settings)?;
        let account = manifest.account(&settings, &operator.settings)?;
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
        let hints = manifest.plain_annotations();
        let schemes = manifest.resources.schemes.clone();
        let origin = Origin { slug: slug.clone(), schemes, hints, file, installing: context.installing() };
        let (offered, component) = component::prepare(sandbox, cache, origin, wasm).await?;
        let digest = format!("sha256:{}", component.digest());
        let (described, most) = (offered.tools.len(), sandbox.options.max_tools);
        if described > most {
            let message = format!("it has {described} tools; {most} are allowed, see sandbox.max_tools");
            return Err(ConnectorError::Component { slug, message });
        }
        let mut callable = Vec::new();
        for tool in &offered.tools {
            let name = tool.name.to_string();
            let invalid = |message: String| ConnectorError::Tool { slug: slug.clone(), tool: name, message };
            let read_only = tool.annotations.read_only_hint;
            let checked = CallableTool::new(slug.as_str(), tool.name.as_str(), &digest, read_only, &tool.input_schema)
                .map_err(|error| invalid(error.to_string()))?;
            callable.push(Arc::new(checked));
        }
        let Offered { tools, prompts, listing, left_out } = offered;
        for LeftOut { function, reason } in &left_out {
            tracing::warn!(connector = %slug, function, reason, "a function is left out of the connector's tools");
        }
        let entry = NewConnector {
            slug: manifest.slug,
            name: manifest.name,
            version: manifest.version,
            description: manifest.description,
            auth_types: manifest.auth.types,
            oauth: account.as_ref().and_then(|account| account.provider.clone()),
            digest,
            tools,
        };
        Ok(Self {
            entry,
            callable,
            prompts,
            listing,
            left_out,
            missing_settings,
            credential_bindings,
            account,
            component,
            sandbox: sandbox.clone(),
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

    /// What it exports and can't be a tool.
    pub(crate) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The credentials that it asks for, and whom each is for.
    #[must_use]
    pub fn credential_bindings(&self) -> &[CredentialBinding] {
        &self.credential_bindings
    }

    /// How accounts of its service are connected, if they are.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
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
        let Invocation { operation, round, credentials, observer, stop, restrictions: _ } = invocation;
        // Somebody types, and for every letter of it nothing should leave this machine.
        let (context, credentials) = if matches!(operation, Operation::Completion { .. }) {
            (Cow::Owned(context.installing()), Credentials::default())
        } else {
            match Credentials::new(&self.credential_bindings, &credentials) {
                Ok(credentials) => (context, credentials),
                Err(unusable) => return self.refused(&unusable),
            }
        };
        let ready = async {
            let (runtime, exports) = self.component.linked().await?.clone();
            let slot = self.sandbox.slots.clone().acquire_owned().await.expect("the semaphore is never closed");
            Ok::<_, ConnectorError>((runtime, exports, slot))
        };
        let (runtime, exports, slot) = tokio::select! {
            biased;
            ready = ready => match ready {
                Ok(ready) => ready,
                Err(error) => return self.unavailable(&error),
            },
            () = run::stopped(stop.as_ref()) => return RunReport::failed(run::canceled()),
        };
        let guest = context.guest(credentials, observer);
        let task = Task { runtime, exports, guest, operation, round, stop, slot };
        run::run(task, &self.sandbox.background, context.clock.as_ref()).await
    }

    fn unavailable(&self, error: &ConnectorError) -> RunReport {
        tracing::error!(connector = %self.entry.slug, %error, "an installed connector can't be loaded");
        RunReport::failed(JobError::new(JobErrorKind::ConnectorUnavailable, error.to_string()))
    }

    fn refused(&self, unusable: &UnusableCredential) -> RunReport {
        let kind = match unusable {
            UnusableCredential::Missing { .. } => JobErrorKind::CredentialMissing,
            UnusableCredential::TooShort { .. } | UnusableCredential::Unsendable { .. } => {
                JobErrorKind::CredentialInvalid
            }
        };
        let (slug, name) = (&self.entry.slug, unusable.name());
        let connectable = self.account.as_ref().is_some_and(|account| account.credential == name);
        let own = if connectable { "connect an account of yours with POST /v1/connections, or " } else { "" };
        let message = format!("{unusable}; {own}set it with `bulkhead secrets set {slug} {name}`");
        let details = json!({ "connector": slug, "credential": name });
        RunReport::failed(JobError::new(kind, message).with_details(details))
    }
}
