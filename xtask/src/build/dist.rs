//! The layout of `dist/`: what the host, Spin and the tests read.
//!
//! ```text
//! dist/functions/<name>.wasm
//! dist/connectors/<slug>/{component.wasm,connector.toml}
//! dist/guests/<name>.wasm, or the connectors' form for a guest that has a connector.toml
//! ```
//! A file is written only when its content changes. Whoever caches by modification time, as Spin and the host's
//! compile cache do, then sees that nothing happened.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::workspace::Package;

const MANIFEST: &str = "connector.toml";

/// A function is one file, named as `spin.toml` names it.
pub(super) fn place_function(package: &Package, component: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(format!("{}.wasm", package.folder_name()));
    copy_when_changed(component, &file)?;
    Ok(file)
}

/// A connector is a folder, named after its slug, with its component and its manifest.
pub(super) fn place_connector(package: &Package, component: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let target = folder.join(package.folder_name());
    copy_when_changed(component, &target.join("component.wasm"))?;
    copy_when_changed(&package.folder().join(MANIFEST), &target.join(MANIFEST))?;
    Ok(target)
}

/// A test guest is laid out like what it pretends to be.
pub(super) fn place_guest(package: &Package, component: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    if package.folder().join(MANIFEST).is_file() {
        place_connector(package, component, folder)
    } else {
        place_function(package, component, folder)
    }
}

/// Removes what an earlier build left of a package that is gone: the host would go on serving it.
pub(super) fn remove_others(folder: &Path, placed: &[PathBuf]) -> anyhow::Result<()> {
    let Ok(entries) = folder.read_dir() else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| !placed.contains(path)) {
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("can't remove {}, whose source is gone", path.display()))?;
    }
    Ok(())
}

fn copy_when_changed(from: &Path, to: &Path) -> anyhow::Result<()> {
    let content = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    }
    // A rename is seen whole or not at all by a host that is running and reloads.
    let partial = to.with_extension("partial");
    fs::write(&partial, content).with_context(|| format!("can't write {}", partial.display()))?;
    fs::rename(&partial, to).with_context(|| format!("can't write {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::made_up;

    fn write(path: &Path, content: &str) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        fs::write(path, content).expect("writes");
    }

    #[test]
    fn an_unchanged_file_keeps_its_time() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (root.path().join("a.wasm"), root.path().join("dist/a.wasm"));
        write(&from, "one");
        copy_when_changed(&from, &to).expect("copies");
        let old = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&to).expect("opens").set_modified(old).expect("sets the time");

        copy_when_changed(&from, &to).expect("looks");
        assert_eq!(to.metadata().expect("is there").modified().expect("has a time"), old);

        write(&from, "two");
        copy_when_changed(&from, &to).expect("copies");
        assert_eq!(fs::read_to_string(&to).expect("reads"), "two");
        assert_ne!(to.metadata().expect("is there").modified().expect("has a time"), old);
    }

    #[test]
    fn a_guest_with_a_manifest_is_laid_out_as_a_connector() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let workspace = made_up::workspace(
            root.path(),
            &[("hostile", "tests/guests/connector-hostile", &[]), ("probe", "tests/guests/function-probe", &[])],
        );
        let (component, dist) = (root.path().join("x.wasm"), root.path().join("dist"));
        write(&component, "wasm");
        write(&root.path().join("tests/guests/connector-hostile/connector.toml"), "slug = 'connector-hostile'");

        let placed: Vec<_> =
            workspace.packages.iter().map(|p| place_guest(p, &component, &dist).expect("places")).collect();
        assert_eq!(placed, [dist.join("connector-hostile"), dist.join("function-probe.wasm")]);
        assert!(dist.join("connector-hostile/component.wasm").is_file());
        assert!(dist.join("connector-hostile/connector.toml").is_file());
    }

    #[test]
    fn a_connector_without_a_manifest_is_a_clear_failure() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let workspace = made_up::workspace(root.path(), &[("jira", "connectors/jira", &[])]);
        let component = root.path().join("x.wasm");
        write(&component, "wasm");
        let error = place_connector(&workspace.packages[0], &component, &root.path().join("dist")).expect_err("fails");
        assert!(format!("{error:#}").contains("connectors/jira/connector.toml"), "{error:#}");
    }

    #[test]
    fn what_no_package_makes_any_more_is_removed() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let kept = root.path().join("tools.wasm");
        write(&kept, "");
        write(&root.path().join("gone.wasm"), "");
        write(&root.path().join("gone/component.wasm"), "");
        remove_others(root.path(), std::slice::from_ref(&kept)).expect("removes");
        let left: Vec<_> = root.path().read_dir().expect("reads").flatten().map(|entry| entry.path()).collect();
        assert_eq!(left, [kept]);
    }
}
