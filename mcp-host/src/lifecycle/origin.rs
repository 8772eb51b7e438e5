//! Which artifact an installed connector was pulled as.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// Its name in a connector's folder.
pub const ORIGIN: &str = "origin.toml";

/// The artifact that a connector was pulled as. It is for whoever asks where a connector came from; what a connector may
/// do never depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Origin {
    /// What was asked for: `oci://REGISTRY/REPOSITORY:TAG` or with a digest.
    pub reference: String,
    /// What it was then: the digest of the artifact's manifest, `sha256:` and hexadecimal.
    pub manifest_digest: String,
}

impl Origin {
    /// Reads it from an installed connector's folder; nothing when it came from files.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        toml::from_str(&std::fs::read_to_string(folder.join(ORIGIN)).ok()?).ok()
    }

    /// As it is written.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let text = |value: &str| toml::Value::from(value).to_string();
        format!(
            "# Written by `bulkhead connector add`: where this connector came from.\nreference = {}\nmanifest_digest = {}\n",
            text(&self.reference),
            text(&self.manifest_digest)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(Origin::read(folder.path()), None);
        let origin = Origin { reference: "oci://ghcr.io/a:1".into(), manifest_digest: "sha256:00".into() };
        std::fs::write(folder.path().join(ORIGIN), origin.to_toml()).expect("writes");
        assert_eq!(Origin::read(folder.path()), Some(origin));
    }
}
