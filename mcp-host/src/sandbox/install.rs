//! Reading a folder of connectors: one folder each, with `connector.toml` and `component.wasm`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bulkhead_connectors::Slug;
use bulkhead_execution::{CallableTool, Catalogue, LookupError};
use bulkhead_kernel::Clock;

use super::connector::{Connector, ConnectorError};
use super::engine::SandboxEngine;
use super::manifest::ConnectorManifest;
use super::outbound::{OutboundClient, TlsSetupError};
use crate::compile_cache::CompileCache;
use crate::config::{ConnectorConfig, OutboundConfig};

/// Why the connectors can't be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The folder can't be read.
    #[error("the connectors' folder {path} can't be read: {source}; `cargo xtask build connectors` makes it")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A component can't be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder's name is not its connector's.
    #[error("{path}: the manifest's slug is {slug}; it must be the folder's name")]
    FolderName {
        /// The folder.
        path: PathBuf,
        /// The slug.
        slug: Slug,
    },
    /// The configuration names a connector that is not installed.
    #[error("the configuration has [connectors.{0}], but no such connector is installed")]
    UnknownConnector(String),
    /// Two connectors claim the same resources.
    #[error("the connectors {first} and {second} both declare the scheme {scheme:?} under [resources]; remove one")]
    SchemeTwice {
        /// The scheme.
        scheme: String,
        /// Who had it first.
        first: String,
        /// Who wants it too.
        second: String,
    },
    /// A connector can't be used.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] TlsSetupError),
}

/// The connectors that can be called.
pub struct Installed {
    connectors: BTreeMap<String, InstalledConnector>,
    /// Whose resources have a scheme.
    schemes: BTreeMap<String, String>,
}

/// A connector and how long it took to load.
pub struct InstalledConnector {
    /// The connector.
    pub connector: Arc<Connector>,
    /// How long it took to compile or read it from the cache.
    pub load_time: Duration,
}

/// Installs every connector of a folder. One that can't be used stops the start: better no host than one that
/// silently lacks a tool.
///
/// # Errors
/// [`InstallError`], naming the file or connector.
pub async fn install(
    folder: &Path,
    sandbox: &SandboxEngine,
    cache: &CompileCache,
    clock: Arc<dyn Clock>,
    configured: &BTreeMap<String, ConnectorConfig>,
    outbound: &OutboundConfig,
) -> Result<Installed, InstallError> {
    let client = OutboundClient::new(outbound.ca_file.as_deref())?;
    let mut connectors = BTreeMap::new();
    let mut schemes = BTreeMap::new();
    for path in folders(folder)? {
        let start = Instant::now();
        let manifest = ConnectorManifest::read(&path.join("connector.toml")).map_err(ConnectorError::from)?;
        let slug = manifest.slug.clone();
        if path.file_name().is_none_or(|name| name != slug.as_str()) {
            return Err(InstallError::FolderName { path, slug });
        }
        let file = path.join("component.wasm");
        let wasm = std::fs::read(&file).map_err(|source| InstallError::Unreadable { path: file, source })?;
        let operator = configured.get(slug.as_str()).map(ConnectorConfig::operator).unwrap_or_default();
        let connector =
            Connector::load(sandbox, cache, client.clone(), clock.clone(), manifest, &wasm, &operator).await?;
        for setting in connector.missing_settings() {
            tracing::warn!(connector = %slug, setting, "a required setting has no value; set it under [connectors.{slug}]");
        }
        for scheme in &connector.listing().schemes {
            if let Some(first) = schemes.insert(scheme.clone(), slug.to_string()) {
                return Err(InstallError::SchemeTwice { scheme: scheme.clone(), first, second: slug.to_string() });
            }
        }
        for binding in connector.credential_bindings().iter().filter(|binding| !binding.audience.is_secure()) {
            tracing::warn!(connector = %slug, credential = binding.name, audience = %binding.audience,
                "a credential is sent without TLS: whoever is on the way can read it");
        }
        let load_time = start.elapsed();
        tracing::info!(connector = %slug, tools = connector.entry().tools.len(), ms = load_time.as_millis(), "installed");
        connectors.insert(slug.to_string(), InstalledConnector { connector: Arc::new(connector), load_time });
    }
    if let Some(unknown) = configured.keys().find(|slug| !connectors.contains_key(*slug)) {
        return Err(InstallError::UnknownConnector(unknown.clone()));
    }
    Ok(Installed { connectors, schemes })
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let unreadable = |source| InstallError::Folder { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.join("connector.toml").is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Installed {
    /// A connector.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<&Arc<Connector>> {
        self.connectors.get(slug).map(|installed| &installed.connector)
    }

    /// The connector whose resources have such an address.
    #[must_use]
    pub fn owner_of(&self, uri: &str) -> Option<&Arc<Connector>> {
        let (scheme, _) = uri.split_once(':')?;
        self.get(self.schemes.get(scheme)?)
    }

    /// All of them, by slug.
    pub fn iter(&self) -> impl Iterator<Item = &InstalledConnector> {
        self.connectors.values()
    }
}

#[async_trait]
impl Catalogue for Installed {
    async fn find(&self, connector: &str, tool: &str) -> Result<Arc<CallableTool>, LookupError> {
        let found = self.get(connector).ok_or_else(|| LookupError::unknown_connector(connector))?;
        found.tool(tool).cloned().ok_or_else(|| LookupError::unknown_tool(connector, tool))
    }
}
