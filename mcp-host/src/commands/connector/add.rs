//! `bulkhead connector add`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bulkhead_connectors::Slug;

use super::remove::delete;
use super::source::{Source, SourceArguments};
use crate::commands::assemble::{folders_of_connectors, installer, open_durable, signatures};
use crate::commands::operator::operator;
use crate::commands::terminal::note;
use crate::compile_cache::CompileCache;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::lifecycle::{ORIGIN, Standing, approver, record, standing};
use crate::sandbox::{COMPONENT, ConnectorManifest, MANIFEST, SIGNATURE};

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    /// In the place of the installed one
    #[arg(long)]
    replace: bool,
    /// The name of a component that comes without a manifest
    #[arg(long)]
    slug: Option<Slug>,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let source = arguments.source.read(arguments.slug.as_ref(), &signatures(&config)?, &config).await?;
    let package = source.package.clone();
    let slug = package.manifest.slug.clone();
    let target = config.connectors_dir.join(slug.as_str());
    if target.symlink_metadata().is_ok() && !arguments.replace {
        bail!("the connector {slug} is installed already; --replace takes this one in its place");
    }
    let data_dir = DataDir::open(&config.data_dir).context("the data directory can't be used")?;
    // What can't be used is not installed: a host would refuse to start with it.
    let loaded = installer(&config, &CompileCache::new(data_dir.file("cache"))?)?.load(package.clone()).await?;
    refuse_taken_schemes(&config, &package.manifest)?;
    let (database, ports) = open_durable(&config).await?;
    let standing = standing(&ports, &package).await?;
    place(&config.connectors_dir, &slug, &files(&source))
        .with_context(|| format!("{} can't be written", target.display()))?;
    let version = &package.manifest.version;
    let tools = loaded.connector.entry().tools.len();
    if let Standing::AsksForMore { beyond, .. } = &standing {
        note(&format!(
            "{slug} {version} is in the folder, but asks for more than what is approved and is not used until you run \
             `bulkhead connector approve {slug}`:\n  {}",
            beyond.join("\n  ")
        ));
    } else {
        record(&ports, &approver(&ports, operator()).await?, &package, standing).await?;
        note(&format!("{slug} {version} is installed, with {tools} tools"));
    }
    database.close().await;
    Ok(())
}

/// The files as they were read and checked.
fn files(source: &Source) -> Vec<(PathBuf, Vec<u8>)> {
    let package = &source.package;
    let origin = source.origin.as_ref().map(|origin| (ORIGIN, origin.to_toml().into_bytes()));
    let signature = package.signature.as_ref().map(|signature| (SIGNATURE, signature.clone().into_bytes()));
    let files = [(MANIFEST, package.text.clone().into_bytes()), (COMPONENT, package.wasm.clone())];
    files.into_iter().chain(signature).chain(origin).map(|(name, bytes)| (PathBuf::from(name), bytes)).collect()
}

/// Two connectors with the same resources would keep a host from starting.
fn refuse_taken_schemes(config: &Config, manifest: &ConnectorManifest) -> anyhow::Result<()> {
    for folder in folders_of_connectors(config)? {
        let Ok(other) = ConnectorManifest::read(&folder.join(MANIFEST)) else { continue };
        let taken = other.resources.schemes.iter().find(|scheme| manifest.resources.schemes.contains(scheme));
        if let Some(scheme) = taken.filter(|_| other.slug != manifest.slug) {
            bail!("the connector {} has the resources {scheme}: already; remove it first", other.slug);
        }
    }
    Ok(())
}

/// Writes a connector's folder, whole or not at all: beside its place, and then under its name in one step.
fn place(folder: &Path, slug: &Slug, files: &[(PathBuf, Vec<u8>)]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    // What begins with a dot is no connector.
    let new = tempfile::Builder::new().prefix(&format!(".{slug}-")).tempdir_in(folder)?;
    for (name, bytes) in files {
        let mut file = File::create(new.path().join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    #[cfg(unix)]
    fs::set_permissions(new.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let target = folder.join(slug.as_str());
    if target.symlink_metadata().is_err() {
        fs::rename(new.path(), &target)?;
        // It has another name now.
        let _ = new.keep();
    } else {
        exchange(new.path(), &target)?;
        // Under the temporary name there is now what was replaced, which may be a link to somebody's folder.
        delete(&new.keep())?;
    }
    File::open(folder)?.sync_all()
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(new: &Path, old: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(new: &Path, old: &Path) -> std::io::Result<()> {
    let aside = new.with_extension("old");
    fs::rename(old, &aside)?;
    fs::rename(new, old)?;
    fs::rename(aside, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (PathBuf, Vec<u8>) {
        (PathBuf::from(name), text.as_bytes().to_vec())
    }

    #[test]
    fn a_folder_is_replaced_whole() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (folder, slug): (_, Slug) = (root.path().join("connectors"), "a".parse().expect("a slug"));
        place(&folder, &slug, &[file("x", "1"), file("y", "1")]).expect("is placed");
        place(&folder, &slug, &[file("x", "2")]).expect("is replaced");
        assert_eq!(fs::read_to_string(folder.join("a/x")).expect("is there"), "2");
        assert!(!folder.join("a/y").exists(), "something of the old one is left");
        assert_eq!(fs::read_dir(&folder).expect("reads").count(), 1, "something temporary is left");
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_left_alone() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (own, folder, slug): (_, _, Slug) =
            (root.path().join("own"), root.path().join("connectors"), "a".parse().expect("a slug"));
        fs::create_dir_all(&own).expect("creates");
        fs::create_dir_all(&folder).expect("creates");
        fs::write(own.join("x"), "mine").expect("writes");
        std::os::unix::fs::symlink(&own, folder.join("a")).expect("links");
        place(&folder, &slug, &[file("x", "2")]).expect("is replaced");
        assert_eq!(fs::read_to_string(own.join("x")).expect("is there"), "mine");
        assert_eq!(fs::read_to_string(folder.join("a/x")).expect("is there"), "2");
    }
}
