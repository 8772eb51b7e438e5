//! The WIT of a connector's folder: its world, and its doc comments, which become the descriptions of tools.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_parser::{PackageId, PackageMetadata, Resolve, WorldId};

use crate::sandbox::Surface;

/// The folder's WIT.
pub(super) struct Wit {
    /// Where it is.
    pub(super) folder: PathBuf,
    resolve: Resolve,
    package: PackageId,
    world: WorldId,
}

impl Wit {
    /// Reads it; nothing when there is no such folder.
    pub(super) fn read(folder: &Path, world: Option<&str>) -> anyhow::Result<Option<Self>> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut resolve = Resolve::default();
        let read = resolve.push_dir(folder);
        let (package, _) = read.with_context(|| format!("{} is not usable as WIT", folder.display()))?;
        let chosen = resolve.select_world(&[package], world);
        let world = chosen.with_context(|| format!("{}: choose a world with --world", folder.display()))?;
        Ok(Some(Self { folder: folder.to_owned(), resolve, package, world }))
    }

    /// The world's name.
    pub(super) fn world(&self) -> &str {
        &self.resolve.worlds[self.world].name
    }

    /// The component with these doc comments in its section `package-docs`, in the place of any others.
    pub(super) fn document(&self, component: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let surface = Surface::read(&component).context("what was built is no component")?;
        let mut component = surface.without_docs(&component);
        let content = PackageMetadata::extract(&self.resolve, self.package).encode()?;
        let section = CustomSection { name: PackageMetadata::SECTION_NAME.into(), data: content.into() };
        section.append_to_component(&mut component);
        Ok(component)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(wit: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("world.wit"), wit).expect("writes");
        folder
    }

    #[test]
    fn documentation_is_put_in_once() {
        let folder = folder("package a:b; world w { /// Does it.\n export f: func(); }");
        let wit = Wit::read(folder.path(), None).expect("reads").expect("is there");
        assert_eq!(wit.world(), "w");
        // The smallest component there is.
        let once = wit.document(b"\0asm\x0d\0\x01\0".to_vec()).expect("documents");
        assert_eq!(once.windows(8).filter(|window| *window == b"Does it.").count(), 1);
        assert_eq!(wit.document(once.clone()).expect("documents"), once);
        assert!(wit.document(b"hello".to_vec()).is_err());
    }

    #[test]
    fn a_world_is_chosen_where_there_are_two() {
        let folder = folder("package a:b; world one {} world two {}");
        let refused = Wit::read(folder.path(), None).map(drop).expect_err("refused");
        assert!(format!("{refused:#}").contains("--world"), "{refused:#}");
        let two = Wit::read(folder.path(), Some("two")).expect("reads").expect("is there");
        assert_eq!(two.world(), "two");
        assert!(Wit::read(folder.path(), Some("three")).is_err());
        assert!(Wit::read(&folder.path().join("wit"), None).expect("reads").is_none());
    }
}
