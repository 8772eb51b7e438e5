//! `bulkhead connector build`.

mod toolchain;
mod wit;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::report::Report;
use super::source::Source;
use crate::commands::assemble::installer;
use crate::commands::terminal::{note, print};
use crate::compile_cache::CompileCache;
use crate::config::Config;
use crate::sandbox::{COMPONENT, MANIFEST, Package, SIGNATURE, SignaturePolicy, Surface};
use toolchain::Toolchain;
use wit::Wit;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// The connector's folder
    #[arg(default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    /// The world of the folder's WIT, when there are several
    #[arg(long)]
    world: Option<String>,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let shown = folder.display();
    if !folder.join(MANIFEST).is_file() {
        bail!("{shown} has no {MANIFEST}; `bulkhead connector new NAME` makes a folder with everything that it takes");
    }
    let wit = Wit::read(&folder.join("wit"), arguments.world.as_deref())?;
    let Some(toolchain) = Toolchain::of(folder) else {
        bail!(
            "{shown} has nothing to build: no Cargo.toml (Rust), package.json (JavaScript) or connector.py (Python), and no \
             {COMPONENT} that another tool has made"
        );
    };
    let mut component = toolchain.build(folder, wit.as_ref())?;
    if let Some(wit) = &wit {
        component = wit.document(component)?;
    }
    write(&folder.join(COMPONENT), &component).with_context(|| format!("{shown}/{COMPONENT} can't be written"))?;

    let package = Package::read(folder, &SignaturePolicy::default())?;
    if package.signature.is_some() {
        note(&format!("note: {shown}/{SIGNATURE} may be of an earlier component; sign anew what you publish"));
    }
    let surface = Surface::read(&package.wasm).with_context(|| format!("{shown}/{COMPONENT} is no component"))?;
    // Where a host has its data already, its author is about to add it there: it need not be compiled again then.
    let temporary = tempfile::tempdir().context("there is no room for temporary files")?;
    let cache = if config.data_dir.is_dir() { config.data_dir.as_path() } else { temporary.path() };
    let installer = installer(&config, &CompileCache::new(cache.join("cache"))?)?;
    let loaded = installer.load(package.clone()).await?;
    let source = Source::new(folder.join(COMPONENT), true, package);
    print(&Report::new(&source, &surface, Ok(loaded.connector.as_ref()), Ok(false)).to_summary())
}

/// Writes a file whole or not at all: a host may be looking at this folder.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".component-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}
