//! The file that keeps the vault's keys: readable by its owner alone, replaced whole or not at all.

use std::fs::{File, Metadata, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use bulkhead_vault::KeyRing;
use zeroize::Zeroizing;

use super::KeysError;
use crate::private_file::{self, PrivateFileError};

/// More than this is not a file of keys: each takes 151 bytes.
const MOST_BYTES: usize = 64 << 10;

/// Which file it is and in what state: device, inode, length, and when it was changed. Absent when there is none.
pub(super) type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// Reads the keys.
pub(super) fn read(path: &Path) -> Result<(KeyRing, Stamp), KeysError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => KeysError::Missing { path: path.to_owned() },
        _ => KeysError::Unreadable { path: path.to_owned(), source },
    };
    let (file, metadata) = private_file::open(path).map_err(|error| match error {
        PrivateFileError::Unreadable(source) => unreadable(source),
        PrivateFileError::Exposed(mode) => KeysError::Mode { path: path.to_owned(), mode },
    })?;
    // With room for all from the start: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    file.take(MOST_BYTES as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| unreadable(std::io::Error::other(error)))?;
    let ring = KeyRing::parse(text)
        .map_err(|source| KeysError::Invalid { place: format!("the vault's key file {}", path.display()), source })?;
    Ok((ring, stamp_of(&metadata)))
}

/// The state of the file now.
pub(super) fn stamp(path: &Path) -> Stamp {
    stamp_of(&std::fs::metadata(path).ok()?)
}

#[cfg(unix)]
fn stamp_of(metadata: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino(), metadata.size(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn stamp_of(metadata: &Metadata) -> Stamp {
    let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some((0, 0, metadata.len(), i64::try_from(modified.as_secs()).ok()?, i64::from(modified.subsec_nanos())))
}

/// Whoever holds this is the only one who replaces the file. Another process gets it when this one drops it or ends.
pub(super) struct Lock(#[expect(dead_code, reason = "held until it is dropped")] File);

/// Takes the lock beside the file, at once or, with `wait`, when it is free.
pub(super) fn lock(path: &Path, wait: bool) -> Result<Lock, KeysError> {
    let unwritable = |source| KeysError::Unwritable { path: path.to_owned(), source };
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path.with_added_extension("lock")).map_err(unwritable)?;
    if wait {
        file.lock().map_err(unwritable)?;
        return Ok(Lock(file));
    }
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(KeysError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unwritable(source)),
    }
}

/// Replaces the file, and comes back when the disk has it. The lock shows that nobody else is at it.
pub(super) fn write(path: &Path, ring: &KeyRing, _: &Lock) -> Result<(), KeysError> {
    let replace = || -> std::io::Result<()> {
        let temporary = path.with_added_extension("new");
        // A leftover of a crash may be readable by others; a new file gets its mode before it gets its content.
        let _ = std::fs::remove_file(&temporary);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        keep_owner(path, &file)?;
        file.write_all(ring.expose().expose().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        // The directory too: without it the old name may come back after a loss of power.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()
    };
    replace().map_err(|source| KeysError::Unwritable { path: path.to_owned(), source })
}

/// When root rotates, the user that serves must still be able to read the file.
#[cfg(unix)]
fn keep_owner(path: &Path, new: &File) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(old), made) = (std::fs::metadata(path), new.metadata()?) else { return Ok(()) };
    if (old.uid(), old.gid()) == (made.uid(), made.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &File) -> std::io::Result<()> {
    Ok(())
}
