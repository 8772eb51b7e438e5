//! The sandbox.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sandbox::EngineOptions;

/// The sandbox.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Calls that run at once; more wait.
    pub concurrent_calls: u32,
    /// The most linear memory that any connector may be given: MiB.
    pub max_memory_mib: u32,
    /// How often the folder of connectors is looked at for changes: milliseconds.
    pub connectors_poll_ms: u64,
    /// Whether connectors must be signed by one of `trusted_keys`.
    pub require_signature: bool,
    /// minisign's public keys.
    pub trusted_keys: Vec<String>,
    /// The most elements that one table of a component may have.
    pub max_table_elements: u32,
    /// Core instances that one component may consist of.
    pub max_core_instances: u32,
    /// Linear memories that one component may have.
    pub max_memories: u32,
    /// Tables that one component may have.
    pub max_tables: u32,
    /// Tools that one component may have.
    pub max_tools: usize,
    /// Time that a component may take to initialise itself, and again to describe itself: milliseconds.
    pub install_ms: u64,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            concurrent_calls: 256,
            max_memory_mib: 512,
            connectors_poll_ms: 2000,
            require_signature: false,
            trusted_keys: Vec::new(),
            max_table_elements: 100_000,
            max_core_instances: 64,
            max_memories: 4,
            max_tables: 16,
            max_tools: 1000,
            install_ms: 30_000,
        }
    }
}

impl SandboxConfig {
    /// As the engine takes it.
    #[must_use]
    pub fn options(&self) -> EngineOptions {
        EngineOptions {
            concurrent_calls: self.concurrent_calls,
            max_memory_bytes: (self.max_memory_mib as usize) << 20,
            max_table_elements: self.max_table_elements as usize,
            max_core_instances: self.max_core_instances,
            max_memories: self.max_memories,
            max_tables: self.max_tables,
            max_tools: self.max_tools,
            install_time: Duration::from_millis(self.install_ms),
        }
    }
}
