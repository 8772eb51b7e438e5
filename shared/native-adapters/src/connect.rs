//! Why a database could not be opened, in words that say what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why [`connect`](crate::connect) gave no database.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names no database that Bulkhead knows. The URL itself may hold a password and is not repeated.
    #[error("the database URL is not understood: {reason}; write sqlite:PATH or postgres://USER@HOST/NAME")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The database file can't be opened.
    #[error("the database file {} can't be opened: {fault}", path.display())]
    File {
        /// Where it was looked for.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The server can't be reached or refused the connection.
    #[error(
        "the database server can't be used: {0}; check that it runs and that the URL's host, user and name are right"
    )]
    Server(#[source] sqlx::Error),
}

/// What is wrong with a database file.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// It holds something else.
    #[error("it is not a SQLite database; name another file, or move this one away")]
    NotADatabase,
    /// It is a directory.
    #[error("it is a directory; name a file in it")]
    IsADirectory,
    /// The directory that it should be in is missing.
    #[error("the directory {} does not exist; create it first", .0.display())]
    MissingDirectory(PathBuf),
    /// The operating system's permissions are in the way.
    #[error("permission denied; this process must be able to read and write the file and its directory")]
    Permission,
    /// Anything else, in the system's words.
    #[error("{0}")]
    Other(String),
}

impl FileFault {
    /// Tries to open the file as SQLite would, because SQLite itself says only "unable to open database file".
    pub(crate) fn look_for(path: &Path) -> Result<(), Self> {
        if path.is_dir() {
            return Err(Self::IsADirectory);
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            return Err(Self::MissingDirectory(directory.to_path_buf()));
        }
        let opened = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        opened.map(drop).map_err(Self::from_io)
    }

    pub(crate) fn from_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Permission,
            io::ErrorKind::IsADirectory => Self::IsADirectory,
            _ => Self::Other(error.to_string()),
        }
    }

    /// Reads what SQLite said about a file that the system did let us open.
    pub(crate) fn from_sqlite(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => Self::Permission,
            _ => Self::Other(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_system_is_told_apart() {
        let denied = FileFault::from_io(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(matches!(denied, FileFault::Permission));
        let full = FileFault::from_io(io::Error::from(io::ErrorKind::StorageFull));
        assert!(matches!(full, FileFault::Other(_)));
    }
}
