//! Installing connectors: from a folder of them, one folder each, to what can be called.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bulkhead_connectors::Slug;
use bulkhead_execution::{CallableTool, Catalogue, LookupError};
use bulkhead_kernel::Clock;

use super::connector::{Connector, ConnectorError};
use super::engine::SandboxEngine;
use super::manifest::ManifestError;
use super::outbound::{OutboundClient, TlsSetupError};
use super::package::{COMPONENT, MANIFEST, Package};
use super::signature::{SignatureError, SignaturePolicy};
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
    /// A file can't be read.
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
    /// A manifest can't be used.
    #[error(transparent)]
    Manifest(ManifestError),
    /// A signature that is required is missing or wrong.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A connector can't be used.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] TlsSetupError),
}

/// The connectors that can be called.
#[derive(Clone, Default)]
pub struct Installed {
    connectors: BTreeMap<String, InstalledConnector>,
    /// Whose resources have a scheme.
    schemes: BTreeMap<String, String>,
}

/// A connector and how long it took to load.
#[derive(Clone)]
pub struct InstalledConnector {
    /// The connector.
    pub connector: Arc<Connector>,
    /// How long it took to compile or read it from the cache.
    pub load_time: Duration,
}

/// Makes connectors of folders.
pub struct Installer {
    folder: PathBuf,
    sandbox: SandboxEngine,
    cache: CompileCache,
    clock: Arc<dyn Clock>,
    configured: BTreeMap<String, ConnectorConfig>,
    client: OutboundClient,
    signatures: SignaturePolicy,
}

impl Installer {
    /// For the connectors in this folder, with what the operator configured for each.
    ///
    /// # Errors
    /// [`InstallError::Tls`].
    pub fn new(
        folder: &Path,
        sandbox: &SandboxEngine,
        cache: &CompileCache,
        clock: Arc<dyn Clock>,
        configured: &BTreeMap<String, ConnectorConfig>,
        outbound: &OutboundConfig,
        signatures: SignaturePolicy,
    ) -> Result<Self, InstallError> {
        let client = OutboundClient::new(outbound.ca_file.as_deref(), outbound.concurrent_lookups)?;
        let (folder, sandbox, cache) = (folder.to_owned(), sandbox.clone(), cache.clone());
        Ok(Self { folder, sandbox, cache, clock, configured: configured.clone(), client, signatures })
    }

    /// The folders of connectors, sorted.
    ///
    /// # Errors
    /// [`InstallError::Folder`] when they can't be listed.
    pub fn folders(&self) -> Result<Vec<PathBuf>, InstallError> {
        connector_folders(&self.folder)
    }

    /// Reads one of them.
    ///
    /// # Errors
    /// [`InstallError`], naming the file.
    pub fn read(&self, path: &Path) -> Result<Package, InstallError> {
        let package = Package::read(path, &self.signatures)?;
        let slug = &package.manifest.slug;
        if path.file_name().is_none_or(|name| name != slug.as_str()) {
            return Err(InstallError::FolderName { path: path.to_owned(), slug: slug.clone() });
        }
        Ok(package)
    }

    /// Compiles, initialises and describes it, without network, settings or credentials.
    ///
    /// # Errors
    /// [`InstallError`], naming the connector.
    pub async fn load(&self, package: Package) -> Result<InstalledConnector, InstallError> {
        let start = Instant::now();
        let Package { manifest, wasm, .. } = package;
        let slug = manifest.slug.clone();
        let operator = self.configured.get(slug.as_str()).map(ConnectorConfig::operator).unwrap_or_default();
        let (client, clock) = (self.client.clone(), self.clock.clone());
        let file = self.folder.join(slug.as_str()).join(COMPONENT);
        let component = (Some(file), wasm.as_slice());
        let connector =
            Connector::load(&self.sandbox, &self.cache, client, clock, manifest, component, &operator).await?;
        for setting in connector.missing_settings() {
            tracing::warn!(connector = %slug, setting, "a required setting has no value; set it under [connectors.{slug}]");
        }
        for binding in connector.credential_bindings().iter().filter(|binding| !binding.audience.is_secure()) {
            tracing::warn!(connector = %slug, credential = binding.name, audience = %binding.audience,
                "a credential is sent without TLS: whoever is on the way can read it");
        }
        let load_time = start.elapsed();
        tracing::info!(connector = %slug, tools = connector.entry().tools.len(), ms = load_time.as_millis(), "installed");
        Ok(InstalledConnector { connector: Arc::new(connector), load_time })
    }

    /// Refuses a configuration for a connector that is not among these.
    ///
    /// # Errors
    /// [`InstallError::UnknownConnector`].
    pub fn check_configured(&self, slugs: &BTreeSet<String>) -> Result<(), InstallError> {
        let unknown = self.configured.keys().find(|slug| !slugs.contains(*slug));
        unknown.map_or(Ok(()), |slug| Err(InstallError::UnknownConnector(slug.clone())))
    }
}

/// The connectors in a folder, sorted. What begins with a dot is being written.
///
/// # Errors
/// [`InstallError::Folder`] when they can't be listed.
pub fn connector_folders(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let unreadable = |source| InstallError::Folder { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if !entry.file_name().as_encoded_bytes().starts_with(b".") && path.join(MANIFEST).is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Installs every connector of a folder, whatever it asks for. One that can't be used is an error.
///
/// # Errors
/// [`InstallError`], naming the file or connector.
pub async fn install(installer: &Installer) -> Result<Installed, InstallError> {
    let mut installed = Installed::default();
    for path in installer.folders()? {
        installed = installed.with(installer.load(installer.read(&path)?).await?)?;
    }
    Ok(installed)
}

impl Installed {
    /// These with one more, in the place of the one that has its slug.
    ///
    /// # Errors
    /// [`InstallError::SchemeTwice`] when another one has the resources that it declares.
    pub fn with(&self, new: InstalledConnector) -> Result<Self, InstallError> {
        let slug = new.connector.entry().slug.to_string();
        let mut all = self.without(&slug);
        for scheme in &new.connector.listing().schemes {
            if let Some(first) = all.schemes.insert(scheme.clone(), slug.clone()) {
                return Err(InstallError::SchemeTwice { scheme: scheme.clone(), first, second: slug });
            }
        }
        all.connectors.insert(slug, new);
        Ok(all)
    }

    /// These without one.
    #[must_use]
    pub fn without(&self, slug: &str) -> Self {
        let mut all = self.clone();
        all.connectors.remove(slug);
        all.schemes.retain(|_, owner| owner != slug);
        all
    }

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
