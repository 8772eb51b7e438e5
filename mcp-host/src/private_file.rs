//! Files with secrets: their owner alone may read them.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;

use bulkhead_kernel::Secret;

/// Why a file with a secret is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrivateFileError {
    /// It can't be.
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
    /// Others could, too.
    #[error("it has the mode {0:04o}, so others can read it; run chmod 600 on it")]
    Exposed(u32),
}

/// Opens it, and looks at the file that is open, whatever the path leads to by then.
pub(crate) fn open(path: &Path) -> Result<(File, Metadata), PrivateFileError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    refuse_others(&metadata)?;
    Ok((file, metadata))
}

/// Its text.
pub(crate) fn read(path: &Path) -> Result<Secret, PrivateFileError> {
    let mut text = String::new();
    open(path)?.0.read_to_string(&mut text)?;
    Ok(Secret::new(text))
}

#[cfg(unix)]
fn refuse_others(metadata: &Metadata) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::MetadataExt as _;
    match metadata.mode() & 0o7777 {
        mode if mode & 0o077 != 0 => Err(PrivateFileError::Exposed(mode)),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn refuse_others(_: &Metadata) -> Result<(), PrivateFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        assert!(matches!(read(&path), Err(PrivateFileError::Unreadable(_))));
        std::fs::write(&path, "hunter2hunter2").expect("writes");
        for (mode, is_private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("the mode can be changed");
            match read(&path) {
                Ok(secret) => assert!(is_private && secret.expose() == "hunter2hunter2", "{mode:o}"),
                Err(PrivateFileError::Exposed(seen)) => assert!(!is_private && seen == mode, "{mode:o}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
