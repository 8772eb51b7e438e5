//! OCI registries.

use serde::{Deserialize, Serialize};

/// Registries that connectors are pulled from and pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistryConfig {
    /// The largest component: MiB.
    pub max_component_mib: u32,
    /// The largest manifest of an artifact, `connector.toml` included: KiB.
    pub max_manifest_kib: u32,
    /// Time to look a registry up and connect: milliseconds.
    pub connect_ms: u64,
    /// Time in which more of an answer must come: milliseconds.
    pub read_ms: u64,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        // A manifest of 4 MiB is what registries must take at least, and most take no more.
        Self { max_component_mib: 128, max_manifest_kib: 4096, connect_ms: 10_000, read_ms: 30_000 }
    }
}

impl RegistryConfig {
    /// Its limits, by their names in the configuration.
    pub(super) fn limits(&self) -> [(&'static str, u64); 4] {
        [
            ("registry.max_component_mib", u64::from(self.max_component_mib)),
            ("registry.max_manifest_kib", u64::from(self.max_manifest_kib)),
            ("registry.connect_ms", self.connect_ms),
            ("registry.read_ms", self.read_ms),
        ]
    }
}
