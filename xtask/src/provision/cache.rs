//! Folders below `~/.cache/bulkhead`, one for each content of a lock file.
//!
//! A folder counts only when it carries the mark that its making has finished, so that an interrupted download is begun
//! again and never half used. Two commands at once wait for each other.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

const MARK: &str = ".complete";

/// The folder of this kind that belongs to the content of the lock file; made by `fill` when it is not there.
///
/// # Errors
/// When the lock file can't be read, or `fill` fails.
pub(super) fn folder(
    kind: &str,
    lock_file: &Path,
    is_usable: impl Fn(&Path) -> bool,
    fill: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let locked = fs::read(lock_file).with_context(|| format!("can't read {}", lock_file.display()))?;
    folder_in(&root()?.join(kind), &locked, is_usable, fill)
}

fn root() -> anyhow::Result<PathBuf> {
    let home = std::env::var_os("HOME").context("HOME is not set, so there is no place for the cache")?;
    Ok(Path::new(&home).join(".cache/bulkhead"))
}

fn folder_in(
    parent: &Path,
    locked: &[u8],
    is_usable: impl Fn(&Path) -> bool,
    fill: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(parent).with_context(|| format!("can't create {}", parent.display()))?;
    let guard = File::create(parent.join(".lock")).context("can't create the cache's lock")?;
    guard.lock().context("can't lock the cache")?;

    let folder = parent.join(&hex::encode(Sha256::digest(locked))[..16]);
    // What was complete can have broken since, for example because the interpreter it links to was upgraded.
    if folder.join(MARK).is_file() && is_usable(&folder) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("can't remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("can't create {}", folder.display()))?;
    fill(&folder)?;
    fs::write(folder.join(MARK), "").context("can't mark the cache's folder as complete")?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn fill_with(folder: &Path, content: &str) -> anyhow::Result<()> {
        Ok(fs::write(folder.join("content"), content)?)
    }

    #[test]
    fn a_folder_is_made_once_for_each_lock_file() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let first = folder_in(root.path(), b"v1", |_| true, |f| fill_with(f, "1")).expect("fills");
        let again = folder_in(root.path(), b"v1", |_| true, |_| bail!("filled twice")).expect("is there");
        assert_eq!(first, again);
        let other = folder_in(root.path(), b"v2", |_| true, |f| fill_with(f, "2")).expect("fills");
        assert_ne!(first, other);
    }

    #[test]
    fn what_was_interrupted_or_broke_is_made_anew() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let interrupted = |folder: &Path| {
            fill_with(folder, "half")?;
            bail!("no network")
        };
        folder_in(root.path(), b"v1", |_| true, interrupted).expect_err("fails");
        let folder = folder_in(root.path(), b"v1", |_| true, |f| fill_with(f, "whole")).expect("fills");
        assert_eq!(fs::read_to_string(folder.join("content")).expect("reads"), "whole");

        let folder = folder_in(root.path(), b"v1", |_| false, |f| fill_with(f, "repaired")).expect("fills");
        assert_eq!(fs::read_to_string(folder.join("content")).expect("reads"), "repaired");
    }
}
