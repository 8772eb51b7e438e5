//! The configuration: one typed value, from an optional TOML file under flags and environment variables.
//!
//! `bulkhead.example.toml` documents every setting; a test keeps the two the same.

mod auth;
mod connections;
mod mail;
mod mcp;
mod oauth;
mod registry;
mod sandbox;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::edge::EdgeLimits;
use crate::sandbox::{ManifestLimits, Narrowing, OperatorConfig};

pub use auth::{AuthConfig, AuthProvider, AuthProviderKind};
pub use connections::ConnectionsConfig;
pub use mail::MailConfig;
pub use mcp::{Authentication, McpConfig};
pub(crate) use oauth::is_trustworthy;
pub use oauth::{InvalidIssuer, IssuerUrl, OauthConfig, OauthSettingError};
pub use registry::RegistryConfig;
pub use sandbox::SandboxConfig;

/// The whole configuration. Every key is optional; unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything that is kept lives in embedded mode.
    pub data_dir: PathBuf,
    /// The database; SQLite in the data directory when absent.
    pub database_url: Option<String>,
    /// The functions' manifest, served by `up`.
    pub manifest: PathBuf,
    /// The folder of connectors.
    pub connectors_dir: PathBuf,
    /// How clients reach this host, when it is not `http://<listen>`.
    pub public_url: Option<String>,
    /// Logs.
    pub log: LogConfig,
    /// The MCP endpoint.
    pub mcp: McpConfig,
    /// Access tokens; API keys alone when absent.
    pub oauth: Option<OauthConfig>,
    /// Signing in.
    pub auth: AuthConfig,
    /// Jobs.
    pub jobs: JobsConfig,
    /// The sandbox.
    pub sandbox: SandboxConfig,
    /// Secrets at rest.
    pub vault: VaultConfig,
    /// Connected accounts.
    pub connections: ConnectionsConfig,
    /// Requests of connectors.
    pub outbound: OutboundConfig,
    /// Mail.
    pub mail: MailConfig,
    /// Registries of connectors.
    pub registry: RegistryConfig,
    /// The embedded edge runtime.
    pub edge: EdgeSettings,
    /// Settings and limits, by connector.
    pub connectors: BTreeMap<String, ConnectorConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            data_dir: PathBuf::from(".bulkhead"),
            database_url: None,
            manifest: PathBuf::from("spin.toml"),
            connectors_dir: PathBuf::from("dist/connectors"),
            public_url: None,
            log: LogConfig::default(),
            mcp: McpConfig::default(),
            oauth: None,
            auth: AuthConfig::default(),
            jobs: JobsConfig::default(),
            sandbox: SandboxConfig::default(),
            vault: VaultConfig::default(),
            connections: ConnectionsConfig::default(),
            outbound: OutboundConfig::default(),
            mail: MailConfig::default(),
            registry: RegistryConfig::default(),
            edge: EdgeSettings::default(),
            connectors: BTreeMap::new(),
        }
    }
}

/// How logs look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// For machines: one JSON object a line.
    Json,
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Their shape.
    pub format: LogFormat,
    /// Which: a filter as of tracing-subscriber, such as `info` or `bulkhead=debug,warn`. By default rmcp only warns: it would
    /// say three things of every call besides.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, filter: "info,rmcp=warn".to_owned() }
    }
}

/// Jobs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobsConfig {
    /// How long a job's lease holds without a heartbeat: seconds.
    pub lease_seconds: u64,
    /// How often a job of a tool that only reads is tried when workers are lost.
    pub max_attempts: u32,
    /// How often the queue is looked through for jobs that nobody announced: milliseconds.
    pub poll_ms: u64,
    /// Queued jobs that one process runs at once, beside those whose caller waits.
    pub workers: usize,
    /// Whose calls of a connector break the sandbox's rules (a trap, a limit, a request that was not granted, an
    /// answer against the contract) has fewer of it at once: half as many with each such call, one more with each
    /// other one, and as many as are wanted when that would be more than this. 0 lets all run.
    pub throttled_calls: usize,
    /// How long running jobs may go on after Ctrl-C: seconds.
    pub drain_seconds: u64,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { lease_seconds: 30, max_attempts: 3, poll_ms: 1000, workers: 16, throttled_calls: 16, drain_seconds: 20 }
    }
}

impl JobsConfig {
    /// How long a lease holds.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
}

/// Requests of connectors, and for OAuth clients' metadata documents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundConfig {
    /// Certificate authorities (PEM) that are trusted beside the operating system's.
    pub ca_file: Option<PathBuf>,
    /// Host names that are looked up at once for connectors, and as many for metadata documents.
    pub concurrent_lookups: usize,
    /// The largest metadata document of an OAuth client: bytes.
    pub client_metadata_bytes: usize,
    /// Time for getting one: milliseconds.
    pub client_metadata_ms: u64,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        // The draft recommends 5 KB as the least that is read.
        Self { ca_file: None, concurrent_lookups: 32, client_metadata_bytes: 16 << 10, client_metadata_ms: 5_000 }
    }
}

/// Secrets at rest.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultConfig {
    /// The key file; `vault.keys` in the data directory when absent, made at the first start.
    pub key_file: Option<PathBuf>,
    /// The longest secret: bytes.
    pub max_secret_bytes: usize,
    /// Secrets that a rotation reads at once.
    pub rotation_batch: u32,
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self { key_file: None, max_secret_bytes: bulkhead_vault::DEFAULT_MAX_BYTES, rotation_batch: 100 }
    }
}

/// The embedded edge runtime.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeSettings {
    /// Linear memory of one instance: MiB.
    pub memory_mib: u32,
    /// Time from request to answer: milliseconds.
    pub request_ms: u64,
    /// Time that a request may compute: milliseconds.
    pub cpu_ms: u64,
    /// The largest request body: bytes.
    pub max_body_bytes: usize,
    /// Requests that are served at once; more wait.
    pub concurrent_requests: usize,
    /// How long a request waits for its turn: milliseconds.
    pub queue_ms: u64,
    /// Requests that one instance serves, one after the other.
    pub requests_per_instance: usize,
    /// Requests that one instance serves at once.
    pub concurrent_requests_per_instance: usize,
    /// How long an instance that may serve more waits for the next request: milliseconds.
    pub idle_instance_ms: u64,
    /// The largest result of a database or store: bytes.
    pub host_result_bytes: usize,
    /// Connections, stores, bodies and streams that one instance holds.
    pub host_handles: usize,
    /// What of a printed line goes to the log: bytes.
    pub log_line_bytes: usize,
    /// Printed lines of one instance that go to the log.
    pub log_lines: usize,
    /// Time to connect to an outbound host: milliseconds.
    pub outbound_connect_ms: u64,
    /// Time to an outbound response's first byte, and between bytes: milliseconds.
    pub outbound_response_ms: u64,
    /// Connections that are kept open to one PostgreSQL server.
    pub postgres_connections: usize,
    /// Values of application variables, over the manifest's defaults.
    pub variables: BTreeMap<String, String>,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            memory_mib: 128,
            request_ms: 60_000,
            cpu_ms: 10_000,
            max_body_bytes: 4 << 20,
            concurrent_requests: 256,
            queue_ms: 5_000,
            requests_per_instance: 1,
            concurrent_requests_per_instance: 1,
            idle_instance_ms: 1_000,
            host_result_bytes: 16 << 20,
            host_handles: 256,
            log_line_bytes: 8 << 10,
            log_lines: 1_000,
            outbound_connect_ms: 5_000,
            outbound_response_ms: 30_000,
            postgres_connections: 64,
            variables: BTreeMap::new(),
        }
    }
}

impl EdgeSettings {
    /// As the runtime takes them.
    #[must_use]
    pub fn limits(&self) -> EdgeLimits {
        EdgeLimits {
            concurrent_requests: self.concurrent_requests,
            queue_timeout: Duration::from_millis(self.queue_ms),
            request_timeout: Duration::from_millis(self.request_ms),
            cpu_time: Duration::from_millis(self.cpu_ms),
            memory_bytes: (self.memory_mib as usize) << 20,
            request_body_bytes: self.max_body_bytes,
            requests_per_instance: self.requests_per_instance,
            concurrent_requests_per_instance: self.concurrent_requests_per_instance,
            idle_instance_timeout: Duration::from_millis(self.idle_instance_ms),
            host_result_bytes: self.host_result_bytes,
            host_handles: self.host_handles,
            log_line_bytes: self.log_line_bytes,
            log_lines: self.log_lines,
            outbound_connect_timeout: Duration::from_millis(self.outbound_connect_ms),
            outbound_response_timeout: Duration::from_millis(self.outbound_response_ms),
            postgres_connections: self.postgres_connections,
        }
    }
}

/// A connector's settings, limits and grants: `limits` and `outbound` are tables, every other key a setting that its
/// manifest declares.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ConnectorConfig {
    /// Limits over the manifest's.
    #[serde(default)]
    pub limits: ManifestLimits,
    /// To what the manifest's grants are narrowed.
    #[serde(default)]
    pub outbound: Narrowing,
    /// Settings.
    #[serde(flatten)]
    pub settings: BTreeMap<String, String>,
}

impl ConnectorConfig {
    pub(crate) fn operator(&self) -> OperatorConfig {
        OperatorConfig { settings: self.settings.clone(), limits: self.limits, outbound: self.outbound.clone() }
    }
}

/// The configuration file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("the configuration file {path} can't be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has unknown keys or wrong values.
    #[error("the configuration file {path} is not valid: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
}

/// Whether it is the origin of a site as browsers write it (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == text)
}

impl Config {
    /// Reads the file, or takes the defaults when none is named.
    ///
    /// # Errors
    /// [`ConfigError`] when the file can't be read or holds what is no setting.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let invalid = |message| ConfigError::Invalid { path: path.to_owned(), message };
        let config: Self = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if let Some(Err(error)) = config.oauth.as_ref().map(OauthConfig::check) {
            return Err(invalid(error.to_string()));
        }
        if let Some(wrong) = config.mcp.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(invalid(format!(
                "mcp.allowed_origins: {wrong:?} is no origin; one is like https://console.example.com, without a path"
            )));
        }
        match config.zeros().as_slice() {
            [] => Ok(config),
            zeros => Err(invalid(format!("{} must be at least 1", zeros.join(", ")))),
        }
    }

    /// Limits that are zero and with which nothing would work.
    fn zeros(&self) -> Vec<&'static str> {
        let Self { mcp, oauth, jobs, sandbox, vault, connections, mail, outbound, registry, edge, .. } = self;
        let positive = [
            ("mcp.max_body_bytes", mcp.max_body_bytes as u64),
            ("jobs.lease_seconds", jobs.lease_seconds),
            ("jobs.max_attempts", u64::from(jobs.max_attempts)),
            ("jobs.poll_ms", jobs.poll_ms),
            ("jobs.workers", jobs.workers as u64),
            ("vault.max_secret_bytes", vault.max_secret_bytes as u64),
            ("vault.rotation_batch", u64::from(vault.rotation_batch)),
            ("outbound.concurrent_lookups", outbound.concurrent_lookups as u64),
            ("outbound.client_metadata_bytes", outbound.client_metadata_bytes as u64),
            ("outbound.client_metadata_ms", outbound.client_metadata_ms),
            ("edge.memory_mib", u64::from(edge.memory_mib)),
            ("edge.request_ms", edge.request_ms),
            ("edge.cpu_ms", edge.cpu_ms),
            ("edge.concurrent_requests", edge.concurrent_requests as u64),
            ("edge.requests_per_instance", edge.requests_per_instance as u64),
            ("edge.concurrent_requests_per_instance", edge.concurrent_requests_per_instance as u64),
            ("edge.host_result_bytes", edge.host_result_bytes as u64),
            ("edge.host_handles", edge.host_handles as u64),
            ("edge.outbound_connect_ms", edge.outbound_connect_ms),
            ("edge.outbound_response_ms", edge.outbound_response_ms),
            ("edge.postgres_connections", edge.postgres_connections as u64),
        ];
        positive
            .into_iter()
            .chain(sandbox.limits())
            .chain(mail.limits())
            .chain(registry.limits())
            .chain(connections.limits())
            .chain(oauth.iter().flat_map(OauthConfig::limits))
            .filter(|(_, value)| *value == 0)
            .map(|(name, _)| name)
            .collect()
    }

    /// The database's address: SQLite in the data directory unless another is configured.
    #[must_use]
    pub fn database_url(&self) -> String {
        let embedded = || format!("sqlite:{}", self.data_dir.join("bulkhead.db").display());
        self.database_url.clone().unwrap_or_else(embedded)
    }

    /// How clients reach this host.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }
}
