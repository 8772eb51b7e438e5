//! File times for a new checkout whose target folder is not new, as continuous integration has them.
//!
//! Cargo takes a file for changed when it is newer than what was built from it, and in a fresh clone every file is. So
//! what has the same content as at the last run gets the time that it had then: to cargo the clone is the checkout of
//! that run, updated. (Cargo can go by content itself with `-Zchecksum-freshness`, which is not stable yet.)

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::progress::Steps;
use crate::tidy::is_source;
use crate::workspace::Workspace;

/// The name of what is kept, in the target folder.
const KEPT: &str = "checkout.json";

/// The files and folders from which a target folder was last built.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Checkout {
    root: PathBuf,
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// SHA-256 of a file, or of all that is in a folder.
    digest: String,
    modified: SystemTime,
}

/// Gives the files their times, when the target folder is outside of the checkout. In somebody's working copy, which has
/// one of its own, they stay as they are.
///
/// # Errors
/// When a file can't be read or its time not be set.
pub(super) fn restore(workspace: &Workspace, steps: &Steps) -> anyhow::Result<()> {
    if workspace.target.starts_with(&workspace.root) || workspace.root.join("target").exists() {
        return Ok(());
    }
    let restored = restore_in(&workspace.root, &workspace.target.join(KEPT))?;
    if restored > 0 {
        steps.note(&format!(
            "{restored} files and folders are what they were at the last run, and get their times back"
        ));
    }
    Ok(())
}

/// How many times were changed to what they were.
fn restore_in(root: &Path, kept: &Path) -> anyhow::Result<usize> {
    let last: Option<Checkout> = fs::read(kept).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let mut checkout = Checkout { root: root.to_owned(), entries: BTreeMap::new() };
    checkout.read(Path::new(""))?;
    // Programs name the folder that they were compiled in, which cargo does not look at: elsewhere all is built anew.
    let moved = last.as_ref().is_some_and(|last| last.root != root);
    let (now, mut restored) = (SystemTime::now(), 0);
    for (path, entry) in &mut checkout.entries {
        let before = last.as_ref().and_then(|last| last.entries.get(path));
        let time = match before.filter(|before| before.digest == entry.digest) {
            _ if moved => now,
            Some(before) => before.modified,
            None => continue,
        };
        if time != entry.modified {
            let path = root.join(path);
            let set = File::open(&path).and_then(|file| file.set_modified(time));
            set.with_context(|| format!("can't set the time of {}", path.display()))?;
            entry.modified = time;
            restored += usize::from(!moved);
        }
    }
    let folder = kept.parent().context("it is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    fs::write(kept, serde_json::to_vec(&checkout)?).with_context(|| format!("can't write {}", kept.display()))?;
    Ok(restored)
}

impl Checkout {
    /// Adds what is in a folder, and the folder; gives its digest.
    fn read(&mut self, folder: &Path) -> anyhow::Result<String> {
        let path = self.root.join(folder);
        let entries = path.read_dir().with_context(|| format!("can't read {}", path.display()))?;
        let mut names = entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()?;
        names.retain(|name| is_source(&name.to_string_lossy()));
        names.sort_unstable();
        let mut contents = Sha256::new();
        for name in names {
            let inner = folder.join(&name);
            let digest = if self.root.join(&inner).is_dir() { self.read(&inner)? } else { self.add_file(&inner)? };
            contents.update(format!("{digest} {}\n", name.to_string_lossy()));
        }
        self.add(folder, hex::encode(contents.finalize()))
    }

    fn add_file(&mut self, path: &Path) -> anyhow::Result<String> {
        let file = self.root.join(path);
        let content = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        self.add(path, hex::encode(Sha256::digest(content)))
    }

    fn add(&mut self, path: &Path, digest: String) -> anyhow::Result<String> {
        let modified = self.root.join(path).metadata().and_then(|found| found.modified())?;
        self.entries.insert(path.to_owned(), Entry { digest: digest.clone(), modified });
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILES: [&str; 4] = ["Cargo.toml", "a/src/lib.rs", "a/src/other.rs", "b/lib.rs"];

    /// Two checkouts' place, one after the other, and what is kept of them.
    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a temporary folder"))
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().join("checkout").join(path)
        }

        /// A new checkout, all of which has this time: seconds.
        fn check_out(&self, time: u64) {
            let _ = fs::remove_dir_all(self.path(""));
            for file in FILES {
                fs::create_dir_all(self.path(file).parent().expect("a folder")).expect("creates");
                fs::write(self.path(file), file).expect("writes");
            }
            self.set_all(time);
        }

        fn set_all(&self, time: u64) {
            self.set(&FILES, time);
            self.set(&["", "a", "a/src", "b"], time);
        }

        fn set(&self, paths: &[&str], time: u64) {
            for path in paths {
                let file = File::open(self.path(path)).expect("opens");
                file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time)).expect("sets");
            }
        }

        fn kept(&self) -> PathBuf {
            self.0.path().join("target").join(KEPT)
        }

        fn restore(&self) -> usize {
            restore_in(&self.path(""), &self.kept()).expect("restores")
        }

        /// Seconds.
        fn time(&self, path: &str) -> u64 {
            let modified = self.path(path).metadata().and_then(|found| found.modified()).expect("a time");
            modified.duration_since(SystemTime::UNIX_EPOCH).expect("after the epoch").as_secs()
        }
    }

    #[test]
    fn what_is_the_same_gets_its_time_back() {
        let place = Place::new();
        place.check_out(100);
        assert_eq!((place.restore(), place.time("b/lib.rs")), (0, 100));
        place.check_out(200);
        fs::write(place.path("a/src/lib.rs"), "changed").expect("writes");
        place.set_all(200);
        assert_eq!(place.restore(), 4, "three files, and the folder b");
        let times = ["Cargo.toml", "a/src/lib.rs", "a/src/other.rs", "a/src", "a", "", "b/lib.rs", "b"];
        assert_eq!(times.map(|path| place.time(path)), [100, 200, 100, 200, 200, 200, 100, 100]);
    }

    #[test]
    fn what_was_another_meanwhile_is_new() {
        let place = Place::new();
        place.check_out(100);
        place.restore();
        place.check_out(200);
        fs::write(place.path("b/lib.rs"), "changed").expect("writes");
        place.set_all(200);
        place.restore();
        place.check_out(300);
        place.restore();
        assert_eq!((place.time("b/lib.rs"), place.time("a/src/lib.rs")), (300, 100));
    }

    #[test]
    fn what_is_gone_or_new_changes_its_folder() {
        let place = Place::new();
        place.check_out(100);
        place.restore();
        place.check_out(200);
        fs::remove_file(place.path("a/src/other.rs")).expect("removes");
        fs::write(place.path("b/new.rs"), "").expect("writes");
        place.set(&["a/src", "b"], 200);
        place.restore();
        assert_eq!(["a/src", "b", "a/src/lib.rs", "b/lib.rs"].map(|path| place.time(path)), [200, 200, 100, 100]);
    }

    #[test]
    fn in_another_place_all_is_new() {
        let place = Place::new();
        place.check_out(100);
        place.restore();
        fs::rename(place.path(""), place.0.path().join("elsewhere")).expect("renames");
        let elsewhere = place.0.path().join("elsewhere");
        assert_eq!(restore_in(&elsewhere, &place.kept()).expect("restores"), 0);
        let modified = elsewhere.join("b/lib.rs").metadata().and_then(|found| found.modified()).expect("a time");
        assert!(modified.elapsed().expect("in the past") < Duration::from_secs(60), "{modified:?}");
    }

    #[test]
    fn what_is_built_does_not_count_and_what_is_damaged_is_made_anew() {
        let place = Place::new();
        place.check_out(100);
        fs::create_dir_all(place.path("dist")).expect("creates");
        fs::write(place.path("dist/built"), "").expect("writes");
        fs::create_dir_all(place.0.path().join("target")).expect("creates");
        fs::write(place.kept(), "{").expect("writes");
        assert_eq!(place.restore(), 0);
        let checkout: Checkout = serde_json::from_slice(&fs::read(place.kept()).expect("reads")).expect("is sound");
        let files = checkout.entries.keys().filter(|path| place.path("").join(path).is_file());
        assert_eq!(files.collect::<Vec<_>>(), FILES);
    }
}
