//! What an artifact is called.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use oci_client::Reference;

use super::RegistryError;

/// The scheme in front of a reference, which tells it from a file.
const SCHEME: &str = "oci://";

/// An artifact in a registry: `oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]`. The tag is `latest` when there is
/// neither. With a digest the tag decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArtifactReference(Reference);

impl ArtifactReference {
    /// Whether this text means an artifact rather than a file.
    #[must_use]
    pub(crate) fn is_meant_by(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// As the client takes it.
    pub(super) fn inner(&self) -> &Reference {
        &self.0
    }

    /// The registry's host, with its port when it has one.
    #[must_use]
    pub(crate) fn registry(&self) -> &str {
        self.0.registry()
    }

    /// The repository's last part, which is what the artifact is about.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        self.0.repository().rsplit('/').next().unwrap_or_default()
    }

    /// Whether it can only ever mean the same content.
    #[must_use]
    pub(crate) fn is_pinned(&self) -> bool {
        self.0.digest().is_some()
    }

    /// Whether the registry is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let registry = self.registry();
        let host = registry.split_once(':').map_or(registry, |(host, _)| host);
        host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl FromStr for ArtifactReference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let rest = text.strip_prefix(SCHEME).ok_or(RegistryError::InvalidReference)?;
        // The text is not shown: somebody may have put a password into it, as into a URL.
        let reference: Reference = rest.parse().map_err(|_| RegistryError::InvalidReference)?;
        // Without a registry it would be read as one of Docker Hub's.
        let host = rest.split_once('/').map(|(host, _)| host).unwrap_or_default();
        if host != "localhost" && !host.contains(['.', ':']) {
            return Err(RegistryError::InvalidReference);
        }
        Ok(Self(reference))
    }
}

impl fmt::Display for ArtifactReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> ArtifactReference {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_parts_are_told_apart() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        let text = format!("oci://ghcr.io/acme/tools/weather:1.2@{digest}");
        let whole = reference(&text);
        assert_eq!((whole.registry(), whole.name(), whole.is_pinned()), ("ghcr.io", "weather", true));
        assert_eq!(whole.to_string(), text);
        let plain = reference("oci://localhost:5000/weather");
        assert_eq!((plain.registry(), plain.is_pinned()), ("localhost:5000", false));
        assert_eq!(plain.to_string(), "oci://localhost:5000/weather:latest");
    }

    #[test]
    fn only_this_machine_is_a_loopback() {
        for (text, expected) in [
            ("oci://localhost:5000/a", true),
            ("oci://localhost/a", true),
            ("oci://127.0.0.1:5000/a", true),
            ("oci://127.9.9.9/a", true),
            ("oci://10.0.0.1:5000/a", false),
            ("oci://localhost.example.com/a", false),
            ("oci://ghcr.io/a", false),
        ] {
            assert_eq!(reference(text).is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_and_not_repeated() {
        for text in [
            "ghcr.io/acme/weather",
            "oci://",
            "oci://weather",
            "oci://acme/weather",
            "oci://ghcr.io/Acme",
            "oci://ghcr.io/a:b c",
            "oci://ghcr.io/a@sha256:12",
            "oci://somebody:hunter2@ghcr.io/a",
            "oci://https://ghcr.io/a",
        ] {
            let error = text.parse::<ArtifactReference>().expect_err(text).to_string();
            assert!(error.contains("oci://REGISTRY/REPOSITORY") && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
