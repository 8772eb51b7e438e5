//! What a connector is installed from: its folder, a component alone, or an artifact in a registry.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bulkhead_connectors::Slug;
use sha2::{Digest, Sha256};

use super::artifact::RegistryArguments;
use crate::config::Config;
use crate::lifecycle::Origin;
use crate::registry::{Artifact, ArtifactReference, Pulled};
use crate::sandbox::{COMPONENT, MANIFEST, Package, SignaturePolicy};

#[derive(Debug, clap::Args)]
pub(super) struct SourceArguments {
    /// A connector's folder, a component (.wasm), or an artifact: oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]
    #[arg(value_name = "FOLDER|FILE|REFERENCE")]
    source: PathBuf,
    /// The connector.toml of a component that comes without one
    #[arg(long, value_name = "FILE")]
    connector_toml: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// A connector that is not installed.
pub(super) struct Source {
    /// Its component's file, or its reference.
    pub(super) component: PathBuf,
    /// Whether it has a manifest of its own. That of a component alone asks for nothing.
    pub(super) has_manifest: bool,
    /// What was read.
    pub(super) package: Package,
    /// The artifact that it was pulled as, just now.
    pub(super) origin: Option<Origin>,
    /// The types of that artifact's layers beside the component, of which nothing is used.
    pub(super) ignored_layers: BTreeSet<String>,
}

impl Source {
    /// One that lies on this machine.
    pub(super) fn new(component: PathBuf, has_manifest: bool, package: Package) -> Self {
        Self { component, has_manifest, package, origin: None, ignored_layers: BTreeSet::new() }
    }
}

/// What is known of a component beside its bytes.
struct Alone<'a> {
    slug: Option<&'a Slug>,
    connector_toml: Option<&'a Path>,
    policy: &'a SignaturePolicy,
}

impl SourceArguments {
    /// Reads or pulls it. Its signature is checked as the policy demands. `slug` names a component that has no manifest.
    pub(super) async fn read(
        &self,
        slug: Option<&Slug>,
        policy: &SignaturePolicy,
        config: &Config,
    ) -> anyhow::Result<Source> {
        let alone = Alone { slug, connector_toml: self.connector_toml.as_deref(), policy };
        let path = &self.source;
        if let Some(text) = path.to_str().filter(|text| ArtifactReference::is_meant_by(text)) {
            return self.pull(text.parse()?, &alone, config).await;
        }
        if path.is_dir() {
            alone.refuse(MANIFEST)?;
            let package = Package::read(path, policy)?;
            let component = path.join(COMPONENT);
            return Ok(Source::new(component, true, package));
        }
        let wasm = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        alone.source(path.clone(), stem, wasm)
    }

    async fn pull(&self, reference: ArtifactReference, alone: &Alone<'_>, config: &Config) -> anyhow::Result<Source> {
        let client = self.registry.client(reference, config)?;
        let Pulled { artifact, manifest_digest, ignored: ignored_layers } = client.pull().await?;
        let reference = client.reference();
        let component = PathBuf::from(reference.to_string());
        let Artifact { component: wasm, connector_toml, signature } = artifact;
        let source = match connector_toml {
            None => alone.source(component, reference.name(), wasm)?,
            Some(text) => {
                alone.refuse("the artifact's connector.toml")?;
                let package = Package::verified(text, wasm, signature, &component, alone.policy)?;
                Source::new(component, true, package)
            }
        };
        let origin = Some(Origin { reference: reference.to_string(), manifest_digest });
        Ok(Source { origin, ignored_layers, ..source })
    }
}

impl Alone<'_> {
    /// What is for a component alone must not be given for another one.
    fn refuse(&self, manifest: &str) -> anyhow::Result<()> {
        if self.slug.is_some() || self.connector_toml.is_some() {
            bail!("--slug and --connector-toml are for a component alone; here {manifest} says what it is");
        }
        Ok(())
    }

    fn source(&self, component: PathBuf, name: &str, wasm: Vec<u8>) -> anyhow::Result<Source> {
        if self.policy.is_required() {
            bail!("{}: sandbox.require_signature demands a signed {MANIFEST} beside a component", component.display());
        }
        let Some(path) = self.connector_toml else {
            let slug = self.slug.cloned().map_or_else(|| slug_of(name), Ok)?;
            let package = Package::of(manifest(&slug, &wasm), wasm, &component.with_file_name(MANIFEST))?;
            return Ok(Source::new(component, false, package));
        };
        if self.slug.is_some() {
            bail!("--slug is for a component without a manifest; {} says what its name is", path.display());
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
        let package = Package::of(text, wasm, path)?;
        Ok(Source::new(component, true, package))
    }
}

/// The name of a file or repository as a connector's: `get_weather-js` is `get-weather-js`.
fn slug_of(name: &str) -> anyhow::Result<Slug> {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    slug.parse().with_context(|| format!("no connector can be called {name:?}; give it a name with --slug"))
}

/// The manifest of a component that has none.
fn manifest(slug: &Slug, wasm: &[u8]) -> String {
    let version = &hex::encode(Sha256::digest(wasm))[..12];
    format!(
        "# Made by `bulkhead connector add`: a component alone may reach nothing.\n\n\
         slug = \"{slug}\"\nname = \"{slug}\"\nversion = \"0.0.0+{version}\"\n\
         description = \"A component that came without a manifest.\"\n\n[auth]\ntype = \"none\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_a_name() {
        let slug = |name: &str| slug_of(name).map(|slug| slug.to_string()).ok();
        assert_eq!(slug("get_Weather--js").as_deref(), Some("get-weather-js"));
        assert_eq!(slug("time.server").as_deref(), Some("time-server"));
        assert_eq!(slug("7z"), None);
        assert_eq!(slug("_"), None);
    }

    #[test]
    fn the_manifest_of_a_component_alone_asks_for_nothing() {
        let slug: Slug = "weather".parse().expect("a slug");
        let package = Package::of(manifest(&slug, b"x"), b"x".to_vec(), Path::new("x")).expect("a manifest");
        assert_eq!(package.requested.lines(), Vec::<String>::new());
        assert_eq!(package.manifest.slug, slug);
    }
}
