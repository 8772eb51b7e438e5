//! Putting the parts of a host together: the one readable list of what it consists of.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use bulkhead_execution::Abandoned;
use bulkhead_identity::{IdentityKey, TokenKeys};
use bulkhead_kernel::{Ports, Secret, entropy};
use bulkhead_native_adapters::{
    Database, Isolation, NativeHttpClient, Options, OsEntropy, SqliteOptions, SystemClock, connect,
};

use super::operator::operator;
use super::owner::welcome_owner;
use crate::compile_cache::CompileCache;
use crate::config::Config;
use crate::connections::{Connections, Registered};
use crate::data_dir::DataDir;
use crate::lifecycle::Lifecycle;
use crate::observability::Metrics;
use crate::sandbox::{
    InstallError, Installer, SandboxEngine, SignatureError, SignaturePolicy, connector_folders, tls_connector,
};
use crate::vault::Vault;
use crate::worker::Worker;

/// What every command that runs tools needs.
pub(super) struct Assembly {
    pub(super) data_dir: DataDir,
    pub(super) database: Database,
    pub(super) ports: Ports,
    pub(super) internal_key: Secret,
    pub(super) token_keys: TokenKeys,
    pub(super) signing_keys: Secret,
    /// What functions seal with is its key.
    pub(super) vault: Vault,
    /// OAuth clients, as functions read them.
    pub(super) oauth_clients: Secret,
    pub(super) identity_key: IdentityKey,
    pub(super) lifecycle: Lifecycle,
    pub(super) metrics: Metrics,
    pub(super) worker: Worker,
}

/// Opens and migrates the database.
pub(super) async fn open_database(config: &Config) -> anyhow::Result<(Database, Ports)> {
    open_database_with(config, &Options::default()).await
}

/// The same, such that what is acknowledged is on the disk.
pub(super) async fn open_durable(config: &Config) -> anyhow::Result<(Database, Ports)> {
    // For its making, when this comes before everything else.
    DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    let sqlite = SqliteOptions { flush_every_commit: true, ..SqliteOptions::default() };
    open_database_with(config, &Options { sqlite, ..Options::default() }).await
}

/// The same with other limits.
async fn open_database_with(config: &Config, options: &Options) -> anyhow::Result<(Database, Ports)> {
    let database = connect(&config.database_url(), options).await?;
    database.migrate().await?;
    if let Some(isolation) = database.check_isolation().await?.filter(|isolation| isolation.login_could_bypass) {
        let Isolation { role, login, .. } = isolation;
        tracing::info!(role, login, "a user of the database who is a member of the role, and nothing else, is safer");
    }
    let ports = Ports { sql: database.sql(), clock: Arc::new(SystemClock), entropy: Arc::new(OsEntropy) };
    Ok((database, ports))
}

/// Who must have signed connectors.
pub(super) fn signatures(config: &Config) -> Result<SignaturePolicy, SignatureError> {
    SignaturePolicy::new(config.sandbox.require_signature, &config.sandbox.trusted_keys)
}

/// The folders of connectors; none where there is no folder for them yet.
pub(super) fn folders_of_connectors(config: &Config) -> Result<Vec<PathBuf>, InstallError> {
    if config.connectors_dir.exists() { connector_folders(&config.connectors_dir) } else { Ok(Vec::new()) }
}

/// What makes connectors of folders.
pub(super) fn installer(config: &Config, cache: &CompileCache) -> anyhow::Result<Installer> {
    let signatures = signatures(config)?;
    let sandbox = SandboxEngine::new(config.sandbox.options())
        .map_err(|error| anyhow::anyhow!("{error:#}"))
        .context("the sandbox can't be started; a smaller sandbox.concurrent_calls may help")?;
    let (folder, clock) = (&config.connectors_dir, Arc::new(SystemClock));
    Ok(Installer::new(folder, &sandbox, cache, clock, &config.connectors, &config.outbound, signatures)?)
}

/// Opens the database, makes the first owner, starts the sandbox, installs the connectors and takes up what a dead
/// process left. The owner comes first: compiling connectors takes a while, and whoever waits can read the key. `serves_rest`
/// is whether this process answers REST too.
pub(super) async fn assemble(config: &Config, public_url: &str, serves_rest: bool) -> anyhow::Result<Assembly> {
    let data_dir = DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    let (database, ports) = open_database(config).await?;
    welcome_owner(&ports, &data_dir, public_url, serves_rest || config.public_url.is_some()).await?;
    // A host that could not open its secrets should say so now, not at the first call that needs one.
    let vault = Vault::open(&ports, &config.vault, &config.data_dir).await?;
    let registered = Registered::read(&config.connections)?;
    let internal_key = data_dir.internal_key(ports.entropy.as_ref())?;
    let signing_keys = data_dir.signing_keys(ports.entropy.as_ref())?;
    let identity_key = data_dir.identity_key(ports.entropy.as_ref())?;
    let (token_keys, signing_keys) = (signing_keys.public(), signing_keys.expose());
    let installer = installer(config, &CompileCache::new(data_dir.file("cache"))?)?;
    let lifecycle = Lifecycle::start(installer, ports.clone(), operator()).await?;
    let metrics = Metrics::default();
    let name = format!("{}-{}", std::process::id(), hex::encode(entropy::bytes::<8>(ports.entropy.as_ref())));
    let http = Arc::new(NativeHttpClient::new(tls_connector(config.outbound.ca_file.as_deref())?));
    let place = (name.clone(), public_url.to_owned());
    let accounts = config.connections.clone();
    let connections = Connections::new(ports.clone(), vault.clone(), http, registered.clients, accounts, place);
    let (connectors, jobs) = (lifecycle.connectors().clone(), config.jobs.clone());
    let worker = Worker::new(ports.clone(), connectors, (vault.clone(), connections), metrics.clone(), jobs, name);
    // With a database of its own and nobody else alive, whatever is still marked running died with its process.
    let alone = data_dir.was_unused() && config.database_url.is_none();
    worker.recover(if alone { Abandoned::All } else { Abandoned::Expired }).await;
    let oauth_clients = registered.text;
    Ok(Assembly {
        data_dir,
        database,
        ports,
        internal_key,
        token_keys,
        signing_keys,
        vault,
        oauth_clients,
        identity_key,
        lifecycle,
        metrics,
        worker,
    })
}
