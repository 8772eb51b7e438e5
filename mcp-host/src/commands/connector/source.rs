//! What a connector is installed from: its folder, or a component alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bulkhead_connectors::Slug;
use sha2::{Digest, Sha256};

use crate::sandbox::{COMPONENT, MANIFEST, Package, SignaturePolicy};

/// A connector that is not installed.
pub(super) struct Source {
    /// Its component's file.
    pub(super) component: PathBuf,
    /// Its folder; none of a component alone.
    pub(super) folder: Option<PathBuf>,
    /// What was read. A component alone has a manifest that asks for nothing.
    pub(super) package: Package,
}

impl Source {
    /// Reads it. Signatures are checked when a policy is given.
    pub(super) fn read(path: &Path, slug: Option<&Slug>, policy: &SignaturePolicy) -> anyhow::Result<Self> {
        if path.is_dir() {
            if slug.is_some() {
                bail!("--slug is for a component alone; a folder's connector.toml says what its name is");
            }
            let package = Package::read(path, policy)?;
            return Ok(Self { component: path.join(COMPONENT), folder: Some(path.to_owned()), package });
        }
        let wasm = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        if policy.is_required() {
            policy.verify(path, &wasm)?;
            bail!("sandbox.require_signature demands a signed {MANIFEST}: install a folder with one");
        }
        let slug = slug.cloned().map_or_else(|| slug_of(path), Ok)?;
        let text = manifest(&slug, &wasm);
        let package = Package::of(text, wasm, &path.with_file_name(MANIFEST))?;
        Ok(Self { component: path.to_owned(), folder: None, package })
    }
}

/// The file's name as a connector's: `get_weather-js.wasm` is `get-weather-js`.
fn slug_of(path: &Path) -> anyhow::Result<Slug> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let lower = stem.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    name.parse().with_context(|| format!("no name can be made of {}; give one with --slug", path.display()))
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
        let slug = |path: &str| slug_of(Path::new(path)).map(|slug| slug.to_string()).ok();
        assert_eq!(slug("a/get_Weather--js.wasm").as_deref(), Some("get-weather-js"));
        assert_eq!(slug("time.server.wasm").as_deref(), Some("time-server"));
        assert_eq!(slug("7z.wasm"), None);
        assert_eq!(slug("_.wasm"), None);
    }

    #[test]
    fn the_manifest_of_a_component_alone_asks_for_nothing() {
        let slug: Slug = "weather".parse().expect("a slug");
        let package = Package::of(manifest(&slug, b"x"), b"x".to_vec(), Path::new("x")).expect("a manifest");
        assert_eq!(package.requested.lines(), Vec::<String>::new());
        assert_eq!(package.manifest.slug, slug);
    }
}
