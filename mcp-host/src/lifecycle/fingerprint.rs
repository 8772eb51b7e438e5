//! Whether a connector's folder has changed, told without reading its files.

use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

use crate::sandbox::{COMPONENT, MANIFEST, SIGNATURE};

/// What the file system says of a folder's files. Another one says that they may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(Vec<Option<File>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    length: u64,
    modified: Option<SystemTime>,
    /// Which file it is, and when its place was last written: a copy may bring the time of the original along.
    inode: (u64, i64, i64),
}

impl Fingerprint {
    /// Of a connector's folder; nothing when it is none, or not any more.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let manifest = std::fs::metadata(folder.join(MANIFEST)).ok().filter(Metadata::is_file)?;
        let others = [COMPONENT, SIGNATURE].map(|name| std::fs::metadata(folder.join(name)).ok());
        let others = others.iter().map(|data| data.as_ref().map(File::of));
        Some(Self(std::iter::once(Some(File::of(&manifest))).chain(others).collect()))
    }
}

impl File {
    fn of(data: &Metadata) -> Self {
        Self { length: data.len(), modified: data.modified().ok(), inode: inode(data) }
    }
}

#[cfg(unix)]
fn inode(data: &Metadata) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (data.ino(), data.ctime(), data.ctime_nsec())
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> (u64, i64, i64) {
    (0, 0, 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn any_change_of_any_file_shows() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("a");
        assert_eq!(Fingerprint::of(&folder), None);
        fs::create_dir(&folder).expect("creates");
        assert_eq!(Fingerprint::of(&folder), None);
        let mut seen = Vec::new();
        for (file, content) in [(MANIFEST, "1"), (COMPONENT, "1"), (COMPONENT, "22"), (SIGNATURE, "1")] {
            fs::write(folder.join(file), content).expect("writes");
            let now = Fingerprint::of(&folder).expect("a connector");
            assert!(!seen.contains(&now), "{file} {content}");
            assert_eq!(Fingerprint::of(&folder).as_ref(), Some(&now));
            seen.push(now);
        }
        // The same length, in another file.
        fs::write(root.path().join("new"), "33").expect("writes");
        fs::rename(root.path().join("new"), folder.join(COMPONENT)).expect("renames");
        assert!(!seen.contains(&Fingerprint::of(&folder).expect("a connector")));
        fs::remove_file(folder.join(MANIFEST)).expect("removes");
        assert_eq!(Fingerprint::of(&folder), None);
    }
}
