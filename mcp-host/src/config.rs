//! The configuration: one typed value, from an optional TOML file under flags and environment variables.
//!
//! `bulkhead.example.toml` documents every setting; a test keeps the two the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sandbox::{EngineOptions, ManifestLimits, OperatorConfig};

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
    /// Jobs.
    pub jobs: JobsConfig,
    /// The sandbox.
    pub sandbox: SandboxConfig,
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
            jobs: JobsConfig::default(),
            sandbox: SandboxConfig::default(),
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
    /// Which: a filter as of tracing-subscriber, such as `info` or `bulkhead=debug,warn`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Pretty, filter: "info".to_owned() }
    }
}

/// The MCP endpoint.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpConfig {
    /// Values of `Host` that are accepted beside the address that is listened on.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are accepted; browsers send one.
    pub allowed_origins: Vec<String>,
    /// The largest request body: bytes.
    pub max_body_bytes: usize,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self { allowed_hosts: Vec::new(), allowed_origins: Vec::new(), max_body_bytes: 4 << 20 }
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
    /// How long running jobs may go on after Ctrl-C: seconds.
    pub drain_seconds: u64,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { lease_seconds: 30, max_attempts: 3, poll_ms: 1000, workers: 16, drain_seconds: 20 }
    }
}

impl JobsConfig {
    /// How long a lease holds.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }
}

/// The sandbox.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Calls that run at once; more wait.
    pub concurrent_calls: u32,
    /// The most linear memory that any connector may be given: MiB.
    pub max_memory_mib: u32,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self { concurrent_calls: 256, max_memory_mib: 512 }
    }
}

impl SandboxConfig {
    /// As the engine takes it.
    #[must_use]
    pub fn options(&self) -> EngineOptions {
        EngineOptions {
            concurrent_calls: self.concurrent_calls,
            max_memory_bytes: (self.max_memory_mib as usize) << 20,
        }
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
    /// The largest request body: bytes.
    pub max_body_bytes: usize,
    /// Requests that are served at once; more wait.
    pub concurrent_requests: usize,
    /// Values of application variables, over the manifest's defaults.
    pub variables: BTreeMap<String, String>,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            memory_mib: 128,
            request_ms: 60_000,
            max_body_bytes: 4 << 20,
            concurrent_requests: 256,
            variables: BTreeMap::new(),
        }
    }
}

/// A connector's settings and limits: `limits` is a table, every other key a setting that its manifest declares.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ConnectorConfig {
    /// Limits over the manifest's.
    #[serde(default)]
    pub limits: ManifestLimits,
    /// Settings.
    #[serde(flatten)]
    pub settings: BTreeMap<String, String>,
}

impl ConnectorConfig {
    pub(crate) fn operator(&self) -> OperatorConfig {
        OperatorConfig { settings: self.settings.clone(), limits: self.limits }
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

impl Config {
    /// Reads the file, or takes the defaults when none is named.
    ///
    /// # Errors
    /// [`ConfigError`] when the file can't be read or holds what is no setting.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        toml::from_str(&text)
            .map_err(|error| ConfigError::Invalid { path: path.to_owned(), message: error.to_string() })
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

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../bulkhead.example.toml");

    #[test]
    fn the_example_documents_the_defaults() {
        let example: Config = toml::from_str(EXAMPLE).expect("the example is a configuration");
        assert_eq!(example, Config::default());
    }

    #[test]
    fn the_example_documents_every_setting() {
        let limits = ManifestLimits {
            memory_mib: Some(1),
            cpu_ms: Some(1),
            wall_clock_ms: Some(1),
            result_kib: Some(1),
            outbound_requests: Some(1),
            received_kib: Some(1),
            sent_kib: Some(1),
            log_events: Some(1),
        };
        let connector = ConnectorConfig { limits, settings: BTreeMap::new() };
        let everything = Config {
            database_url: Some(String::new()),
            public_url: Some(String::new()),
            connectors: BTreeMap::from([("prometheus".to_owned(), connector)]),
            ..Config::default()
        };
        let text = toml::to_string(&everything).expect("a configuration is TOML");
        for line in text.lines().filter(|line| !line.is_empty()) {
            let key = line.split(" = ").next().unwrap_or(line);
            let documented = EXAMPLE.lines().any(|line| line.trim_start_matches("# ").starts_with(key));
            assert!(documented, "bulkhead.example.toml does not document {key}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = toml::from_str::<Config>("[jobs]\nlease = 3").expect_err("refused").to_string();
        assert!(error.contains("lease"), "{error}");
    }

    #[test]
    fn a_connectors_settings_stand_beside_its_limits() {
        let text = "[connectors.prometheus]\nbase_url = \"http://x\"\nlimits = { cpu_ms = 5 }";
        let config: Config = toml::from_str(text).expect("a configuration");
        let operator = config.connectors["prometheus"].operator();
        assert_eq!(operator.settings["base_url"], "http://x");
        assert_eq!(operator.limits.cpu_ms, Some(5));
    }
}
