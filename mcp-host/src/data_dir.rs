//! The data directory: everything that one machine keeps.
//!
//! `bulkhead.db`, `lock`, `internal.key`, `signing.keys`, `identity.key`, `owner.json` (and `owner-*.json`, for as long as an
//! owner is being made), `vault.keys`, `cache/` (compiled components), `mail/` (where no mail server is set).

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use bulkhead_identity::{IdentityKey, Owner, SigningKeys};
use bulkhead_kernel::{Entropy, Secret, entropy};
use serde_json::json;

/// After this, no access token of a key is good that does not sign any more: an hour, for ten minutes of a token and a start
/// of every process with the new key.
const TOKENS_EXPIRE: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// What becomes `owner.json` is called so, with the key's prefix between.
const NEW_OWNER: &str = "owner-";
const JSON: &str = ".json";

/// Why the data directory can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}; choose another directory with --data-dir, or give this user the right to write there")]
pub struct DataDirError {
    path: PathBuf,
    source: std::io::Error,
}

/// The data directory, in use by this process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Whether no other process used it when this one started.
    alone: bool,
    _lock: File,
}

impl DataDir {
    /// Opens the directory, creating it readable by this user only.
    ///
    /// # Errors
    /// [`DataDirError`] when it can't be created or written.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError { path: path.to_owned(), source };
        create_private(path).map_err(failed)?;
        let lock = File::options().create(true).append(true).open(path.join("lock")).map_err(failed)?;
        // Whoever gets the exclusive lock knows that every other process is gone, and with it what it ran. All then
        // share it, so that a stdio server can work beside `up`.
        let alone = match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        };
        if alone {
            lock.unlock().map_err(failed)?;
        }
        lock.lock_shared().map_err(failed)?;
        Ok(Self { path: path.to_owned(), alone, _lock: lock })
    }

    /// Whether no other process used it when this one started, so that whatever it says is running is not.
    #[must_use]
    pub fn was_unused(&self) -> bool {
        self.alone
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The key that functions prove themselves with, made when there is none.
    ///
    /// # Errors
    /// [`DataDirError`] when it can't be read or written.
    pub fn internal_key(&self, source: &dyn Entropy) -> Result<Secret, DataDirError> {
        self.secret("internal.key", || Secret::new(hex::encode(entropy::bytes::<32>(source))))
    }

    /// The keys of access tokens, one made when there are none.
    ///
    /// # Errors
    /// [`DataDirError`] when they can't be read or written, or are none.
    pub fn signing_keys(&self, source: &dyn Entropy) -> Result<SigningKeys, DataDirError> {
        let text = self.secret("signing.keys", || SigningKeys::generate(source).expose())?;
        SigningKeys::parse(text.expose()).map_err(|error| DataDirError {
            path: self.file("signing.keys"),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
        })
    }

    /// The key of what identity has to read back, made when there is none.
    ///
    /// # Errors
    /// [`DataDirError`] when it can't be read or written, or is none.
    pub fn identity_key(&self, source: &dyn Entropy) -> Result<IdentityKey, DataDirError> {
        let text = self.secret("identity.key", || IdentityKey::generate(source).expose())?;
        IdentityKey::parse(text.expose()).map_err(|error| DataDirError {
            path: self.file("identity.key"),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
        })
    }

    /// Puts a new key before the others, which go on verifying. Of those that have not signed since the rotation before, and
    /// whose tokens have all expired, none is kept.
    ///
    /// # Errors
    /// As [`signing_keys`](Self::signing_keys).
    pub fn rotate_signing_keys(&self, source: &dyn Entropy) -> Result<SigningKeys, DataDirError> {
        let path = self.file("signing.keys");
        let failed = |source| DataDirError { path: path.clone(), source };
        let before = self.signing_keys(source)?;
        // The file is written at a rotation and never else.
        let rotated = std::fs::metadata(&path).and_then(|file| file.modified()).map_err(failed)?;
        let settled = rotated.elapsed().is_ok_and(|since| since > TOKENS_EXPIRE);
        let keys = before.rotated(source, settled);
        write_private(&path, keys.expose().expose().as_bytes()).map_err(failed)?;
        Ok(keys)
    }

    /// What a file holds, or `make` put there when there was nothing.
    fn secret(&self, name: &str, make: impl FnOnce() -> Secret) -> Result<Secret, DataDirError> {
        let path = self.file(name);
        match std::fs::read_to_string(&path).map(Secret::new) {
            Ok(text) if !text.expose().trim().is_empty() => return Ok(Secret::new(text.expose().trim().to_owned())),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(DataDirError { path, source: error });
            }
            _ => {}
        }
        let made = make();
        write_private(&path, made.expose().as_bytes()).map_err(|error| DataDirError { path, source: error })?;
        Ok(made)
    }

    /// Writes what is to become `owner.json`, for the newcomer who needs a key to start with, under a name of its own: other
    /// processes may be about to make an owner too. `rest` is whether the REST API is at this address as well.
    ///
    /// # Errors
    /// [`DataDirError`] when it can't be written.
    pub fn write_new_owner(&self, owner: &Owner, public_url: &str, rest: bool) -> Result<(), DataDirError> {
        let path = self.file(&format!("{NEW_OWNER}{}{JSON}", owner.token.prefix()));
        let mut text = json!({
            "api_key": owner.token.expose(),
            "organization": owner.organization.slug,
            "mcp_url": format!("{public_url}/mcp"),
        });
        if rest {
            text["api_url"] = json!(format!("{public_url}/v1"));
        }
        write_private(&path, format!("{text:#}\n").as_bytes()).map_err(|source| DataDirError { path, source })
    }

    /// The owners that were written so and are not `owner.json` yet.
    ///
    /// # Errors
    /// [`DataDirError`] when they can't be read.
    pub fn new_owners(&self) -> Result<Vec<NewOwnerFile>, DataDirError> {
        let failed = |path: &Path, source| DataDirError { path: path.to_owned(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(|source| failed(&self.path, source))? {
            let entry = entry.map_err(|source| failed(&self.path, source))?;
            let name = entry.file_name();
            if !name.to_str().is_some_and(|name| name.starts_with(NEW_OWNER) && name.ends_with(JSON)) {
                continue;
            }
            let path = entry.path();
            let text = match std::fs::read_to_string(&path).map(Secret::new) {
                Ok(text) => text,
                // Another process has just dealt with it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(failed(&path, source)),
            };
            let value: serde_json::Value = serde_json::from_str(text.expose()).unwrap_or_default();
            let key = value["api_key"].as_str().unwrap_or_default().to_owned();
            found.push(NewOwnerFile { path, key: Secret::new(key) });
        }
        Ok(found)
    }

    /// Makes it `owner.json`.
    ///
    /// # Errors
    /// [`DataDirError`] when it can't be renamed.
    pub fn keep_owner(&self, new: NewOwnerFile) -> Result<PathBuf, DataDirError> {
        let path = self.file("owner.json");
        gone_is_done(rename(&new.path, &path)).map_err(|source| DataDirError { path: new.path, source })?;
        Ok(path)
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`DataDirError`] when it can't be removed.
    pub fn drop_owner(&self, new: NewOwnerFile) -> Result<(), DataDirError> {
        gone_is_done(std::fs::remove_file(&new.path)).map_err(|source| DataDirError { path: new.path, source })
    }
}

/// What is to become `owner.json`, if its key turns out to be one.
#[derive(Debug)]
pub struct NewOwnerFile {
    path: PathBuf,
    /// The owner's key.
    pub key: Secret,
}

/// Processes that share the directory do the same to such files.
fn gone_is_done(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Writes a file that only this user can read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    // A leftover of a crash may be readable by others; a new file gets its mode before it gets its content.
    let _ = std::fs::remove_file(&temporary);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(&temporary, path)
}

/// Renames a file within its folder, such that a crash does not undo it.
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::rename(from, to)?;
    #[cfg(unix)]
    if let Some(folder) = to.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use bulkhead_native_adapters::OsEntropy;

    use super::*;

    fn public(keys: &SigningKeys) -> Vec<String> {
        keys.public().as_text().split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_new_key_comes_first_and_an_old_one_stays_for_its_tokens() {
        let folder = tempfile::tempdir().expect("a folder");
        let data_dir = DataDir::open(folder.path()).expect("opens");
        let first = public(&data_dir.signing_keys(&OsEntropy).expect("made"));
        let second = public(&data_dir.rotate_signing_keys(&OsEntropy).expect("rotated"));
        assert_eq!((second.len(), &second[1]), (2, &first[0]));
        // At once again: the tokens of both are good still.
        let third = public(&data_dir.rotate_signing_keys(&OsEntropy).expect("rotated"));
        assert_eq!(third[1..], second);
        assert_eq!(public(&data_dir.signing_keys(&OsEntropy).expect("read")), third);
        // Much later only the one that signed until now has tokens.
        let file = File::options().append(true).open(data_dir.file("signing.keys")).expect("opens");
        let modified = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
        file.set_modified(modified - 2 * TOKENS_EXPIRE).expect("a time");
        let fourth = public(&data_dir.rotate_signing_keys(&OsEntropy).expect("rotated"));
        assert_eq!((fourth.len(), &fourth[1]), (2, &third[0]));
    }
}
