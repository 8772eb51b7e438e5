//! `bulkhead connector inspect`.

use std::path::PathBuf;

use anyhow::Context as _;

use super::report::Report;
use super::source::Source;
use crate::commands::assemble::installer;
use crate::commands::terminal::print;
use crate::compile_cache::CompileCache;
use crate::config::Config;
use crate::sandbox::{SignaturePolicy, Surface};

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// A component (.wasm), or a connector's folder
    #[arg(value_name = "FILE|FOLDER")]
    path: PathBuf,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    // Whoever inspects wants to see also what is not signed.
    let source = Source::read(&arguments.path, None, &SignaturePolicy::default())?;
    let surface = Surface::read(&source.package.wasm)
        .with_context(|| format!("{} is no WebAssembly component", source.component.display()))?;
    let policy = SignaturePolicy::new(config.sandbox.require_signature, &config.sandbox.trusted_keys)?;
    let signed = match &source.folder {
        _ if !policy.is_required() => Ok(false),
        Some(folder) => crate::sandbox::Package::read(folder, &policy).map(|_| true).map_err(|e| e.to_string()),
        None => policy.verify(&source.component, &source.package.wasm).map(|()| true).map_err(|e| e.to_string()),
    };
    // Nothing of what nobody has decided to install is kept.
    let folder = tempfile::tempdir().context("there is no room for temporary files")?;
    let installer = installer(&config, &CompileCache::new(folder.path().join("cache"))?)?;
    let loaded = installer.load(source.package.clone()).await.map_err(|error| error.to_string());
    let report = Report::new(&source, &surface, loaded.as_ref().map(|loaded| loaded.connector.as_ref()), signed);
    print(&if arguments.json { format!("{:#}", report.to_json()) } else { report.to_text() })
}
