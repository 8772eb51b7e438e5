//! Where the vault's keys are.

use std::fmt;
use std::path::{Path, PathBuf};

use bulkhead_kernel::{Entropy, Secret};
use bulkhead_vault::{KeyEncryptionKey, KeyRing};

use super::KeysError;
use super::key_file::{self, Stamp};
use crate::config::VaultConfig;

/// The variable that may hold keys instead of a file.
pub(crate) const VARIABLE: &str = "BULKHEAD_VAULT_KEYS";

/// The key file's name in the data directory.
const FILE: &str = "vault.keys";

/// Where the vault's keys are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// Whether the first key is made when the file is missing. One that the operator named may be missing because it
        /// has not been mounted, and a new key in its place would be one that nobody else has.
        made_here: bool,
    },
    /// In a variable of the process's environment.
    Environment {
        /// Its value.
        text: Secret,
    },
}

impl KeySource {
    /// The variable when it is set, the configured file, or the data directory's own.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a flag that clap takes from the environment would also be in argv")]
    pub fn of(config: &VaultConfig, data_dir: &Path) -> Self {
        match (std::env::var(VARIABLE), &config.key_file) {
            (Ok(text), _) if !text.trim().is_empty() => Self::Environment { text: Secret::new(text) },
            (_, Some(path)) => Self::File { path: path.clone(), made_here: false },
            (_, None) => Self::File { path: data_dir.join(FILE), made_here: true },
        }
    }

    pub(super) fn is_made_here(&self) -> bool {
        matches!(self, Self::File { made_here: true, .. })
    }

    pub(crate) fn read(&self) -> Result<(KeyRing, Stamp), KeysError> {
        match self {
            Self::File { path, .. } => key_file::read(path),
            Self::Environment { text } => KeyRing::parse(text.expose())
                .map(|ring| (ring, None))
                .map_err(|source| KeysError::Invalid { place: self.to_string(), source }),
        }
    }

    /// Changes whenever there may be something new to read.
    pub(super) fn stamp(&self) -> Stamp {
        match self {
            Self::File { path, .. } => key_file::stamp(path),
            Self::Environment { .. } => None,
        }
    }

    /// Makes the file with a first key, unless another process has just done so.
    pub(super) fn create(&self, entropy: &dyn Entropy) -> Result<(KeyRing, Stamp), KeysError> {
        if let Self::File { path, .. } = self {
            let lock = key_file::lock(path, true)?;
            match key_file::read(path) {
                Err(KeysError::Missing { .. }) => {}
                read => return read,
            }
            key_file::write(path, &KeyRing::new(KeyEncryptionKey::generate(entropy)), &lock)?;
            tracing::info!(path = %path.display(), "made the vault's first key; keep a copy in a safe place");
        }
        self.read()
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "the vault's key file {}", path.display()),
            Self::Environment { .. } => f.write_str(VARIABLE),
        }
    }
}
