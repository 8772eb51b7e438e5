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
    /// Components with functions of their own of which one may be composed, itself included.
    pub max_parts: u32,
    /// The largest binary of a component: MiB.
    pub max_component_mib: u32,
    /// Functions that all modules of a component may have together.
    pub max_functions: u32,
    /// The most code that one function may have: KiB.
    pub max_function_kib: u32,
    /// Parameters or results that one function or block may have.
    pub max_arity: u32,
    /// The bytes of each function times one more than its locals, all together.
    pub max_compile_effort: u64,
    /// Time that compiling a component may take: milliseconds.
    pub compile_ms: u64,
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
            max_parts: 8,
            max_component_mib: 64,
            max_functions: 100_000,
            max_function_kib: 1024,
            max_arity: 100,
            max_compile_effort: 1_000_000_000,
            compile_ms: 300_000,
            install_ms: 30_000,
        }
    }
}

impl SandboxConfig {
    /// The limits with which nothing would work if they were zero.
    pub(super) fn limits(&self) -> [(&'static str, u64); 16] {
        [
            ("sandbox.concurrent_calls", u64::from(self.concurrent_calls)),
            ("sandbox.max_memory_mib", u64::from(self.max_memory_mib)),
            ("sandbox.connectors_poll_ms", self.connectors_poll_ms),
            ("sandbox.max_table_elements", u64::from(self.max_table_elements)),
            ("sandbox.max_core_instances", u64::from(self.max_core_instances)),
            ("sandbox.max_memories", u64::from(self.max_memories)),
            ("sandbox.max_tables", u64::from(self.max_tables)),
            ("sandbox.max_tools", self.max_tools as u64),
            ("sandbox.max_parts", u64::from(self.max_parts)),
            ("sandbox.max_component_mib", u64::from(self.max_component_mib)),
            ("sandbox.max_functions", u64::from(self.max_functions)),
            ("sandbox.max_function_kib", u64::from(self.max_function_kib)),
            ("sandbox.max_arity", u64::from(self.max_arity)),
            ("sandbox.max_compile_effort", self.max_compile_effort),
            ("sandbox.compile_ms", self.compile_ms),
            ("sandbox.install_ms", self.install_ms),
        ]
    }

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
            max_parts: self.max_parts,
            max_component_bytes: (self.max_component_mib as usize) << 20,
            max_functions: self.max_functions,
            max_function_bytes: (self.max_function_kib as usize) << 10,
            max_arity: self.max_arity,
            max_compile_effort: self.max_compile_effort,
            compile_time: Duration::from_millis(self.compile_ms),
            install_time: Duration::from_millis(self.install_ms),
        }
    }
}
