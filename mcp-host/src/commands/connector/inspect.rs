//! `bulkhead connector inspect`.

use anyhow::Context as _;

use super::report::Report;
use super::source::SourceArguments;
use crate::commands::assemble::{installer, signatures};
use crate::commands::terminal::print;
use crate::compile_cache::CompileCache;
use crate::config::Config;
use crate::lifecycle::Origin;
use crate::sandbox::{InstallError, InstalledConnector, MANIFEST, Package, SignaturePolicy, Surface};

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    // Whoever inspects wants to see also what is not signed.
    let mut source = arguments.source.read(None, &SignaturePolicy::default(), &config).await?;
    // What is installed says it of itself.
    source.origin = source.origin.or_else(|| Origin::read(source.component.parent()?));
    let surface = Surface::read(&source.package.wasm)
        .with_context(|| format!("{} is no WebAssembly component", source.component.display()))?;
    let policy = signatures(&config)?;
    let package = &source.package;
    let verified =
        policy.verify(&source.component, &package.wasm, package.text.as_bytes(), package.signature.as_deref());
    let signed = match verified {
        _ if policy.is_required() && !source.has_manifest => Err(format!("there is no signed {MANIFEST}")),
        verified => verified.map(|()| policy.is_required()).map_err(|error| error.to_string()),
    };
    let loaded = match &signed {
        Ok(_) => load(package.clone(), &config).await?.map_err(|error| error.to_string()),
        // Describing itself is running, and where signatures are required nothing runs that has none.
        Err(why) => Err(format!("it was not run to be described: {why}")),
    };
    let report = Report::new(&source, &surface, loaded.as_ref().map(|loaded| loaded.connector.as_ref()), signed);
    print(&if arguments.json { format!("{:#}", report.to_json()) } else { report.to_text() })
}

/// The connector as it would be installed. Nothing of what nobody has decided to install is kept.
async fn load(package: Package, config: &Config) -> anyhow::Result<Result<InstalledConnector, InstallError>> {
    let folder = tempfile::tempdir().context("there is no room for temporary files")?;
    let installer = installer(config, &CompileCache::new(folder.path().join("cache"))?)?;
    Ok(installer.load(package).await)
}
