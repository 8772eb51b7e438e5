//! The repository's files as text.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// What git ignores, and git itself.
const SKIPPED: [&str; 8] = [".git", "target", "dist", ".bulkhead", ".spin", "node_modules", "__pycache__", ".venv"];

/// Whether what has this name is of the repository.
pub(crate) fn is_source(name: &str) -> bool {
    !SKIPPED.contains(&name)
}

/// Every text file of the repository.
pub(super) struct Tree {
    files: Vec<File>,
}

/// A text file.
pub(super) struct File {
    /// From the root, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// What of it is shipped: all before its tests. Tests in a file of their own may be named anywhere.
    pub(super) fn shipped(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }
}

impl Tree {
    /// Reads the files below the root. Binary files are left out.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self { files: Vec::new() };
        tree.add(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries = folder.read_dir().with_context(|| format!("can't read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if !is_source(&name) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.add(&entry.path(), &format!("{path}/"))?;
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                self.files.push(File { path, text });
            }
        }
        Ok(())
    }

    /// All files.
    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The content of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Whether there is a file or folder of that path.
    pub(super) fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.files.iter().any(|file| file.path.strip_prefix(path).is_some_and(|r| r.is_empty() || r.starts_with('/')))
    }

    /// The names of the folders right below a folder, sorted.
    pub(super) fn folders(&self, parent: &str) -> Vec<&str> {
        let below = self.files.iter().filter_map(|file| file.path.strip_prefix(parent)?.strip_prefix('/'));
        let mut names: Vec<_> = below.filter_map(|rest| Some(rest.split_once('/')?.0)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A tree that never was on a disk.
    #[cfg(test)]
    pub(super) fn made_up(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() });
        Self { files: files.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_not_read() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for folder in ["src", "target/debug", "dist"] {
            fs::create_dir_all(root.path().join(folder)).expect("creates");
            fs::write(root.path().join(folder).join("a.rs"), "").expect("writes");
        }
        let tree = Tree::read(root.path()).expect("reads");
        let paths: Vec<_> = tree.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["src/a.rs"]);
    }

    #[test]
    fn folders_are_told_from_files() {
        let tree = Tree::made_up(&[("connectors/kit/a", ""), ("connectors/kit/b", ""), ("connectors/README.md", "")]);
        assert_eq!(tree.folders("connectors"), ["kit"]);
        assert!(tree.exists("connectors/kit/") && tree.exists("connectors/README.md"));
        assert!(!tree.exists("connectors/ki"));
    }
}
