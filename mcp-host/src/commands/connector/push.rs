//! `bulkhead connector push`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use wasmparser::Parser;

use super::artifact::RegistryArguments;
use crate::commands::terminal::{note, print};
use crate::config::Config;
use crate::registry::{Artifact, ArtifactReference};
use crate::sandbox::{Package, SignaturePolicy, Surface};

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// A connector's folder, or a component (.wasm)
    #[arg(value_name = "FOLDER|FILE")]
    path: PathBuf,
    /// What it will be called: oci://REGISTRY/REPOSITORY[:TAG]
    reference: String,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let reference: ArtifactReference = arguments.reference.parse()?;
    let path = &arguments.path;
    let (artifact, connector) = if path.is_dir() {
        // Whoever pulls it decides whose signature they want.
        let Package { manifest, text, wasm, signature, .. } = Package::read(path, &SignaturePolicy::default())?;
        (Artifact { component: wasm, connector_toml: Some(text), signature }, Some(manifest))
    } else {
        let component = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
        (Artifact { component, connector_toml: None, signature: None }, None)
    };
    if !Parser::is_component(&artifact.component) {
        bail!("{}: there is no WebAssembly component", path.display());
    }
    let surface = Surface::read(&artifact.component).with_context(|| format!("{}", path.display()))?;
    let client = arguments.registry.client(reference, &config)?;
    let digest = client.push(&artifact, &surface, connector.as_ref()).await?;
    let signed = if artifact.signature.is_some() { "signed" } else { "not signed" };
    note(&format!("pushed {} bytes, {signed}; what follows names exactly this content", artifact.component.len()));
    print(&format!("{}@{digest}", client.reference()))
}
