//! Why the vault is of no use, in words that say what to do.

use std::path::PathBuf;

use bulkhead_vault::{InvalidKeyRing, KeyId};

/// Why the host's vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A secret can't be stored or opened.
    #[error(transparent)]
    Secret(#[from] bulkhead_vault::VaultError),
    /// The keys are of no use.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Why the vault's keys are of no use.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The key file is not there.
    #[error(
        "the vault's key file {} is missing; put it there from the machine or backup that has it, or make the first one \
         with `(umask 077; bulkhead secrets generate-key > {})`", path.display(), path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Secrets need keys that are not there.
    #[error(
        "secrets in the database need the vault key {} and {place} has it not; put it there from the machine or backup \
         that has it, or when it is lost for good `bulkhead secrets remove` what `bulkhead secrets list` shows with it",
        list(keys)
    )]
    Lost {
        /// Where the keys are looked for.
        place: String,
        /// The keys.
        keys: Vec<KeyId>,
    },
    /// Others can read the key file.
    #[error(
        "the vault's key file {} has mode {mode:04o}, so that others can read it; run `chmod 600 {}`, and if one of them \
         may have read it then `bulkhead secrets rotate-key`", path.display(), path.display()
    )]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The key file can't be read.
    #[error("the vault's key file {} can't be read: {source}; give it to the user that runs bulkhead", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key file can't be written.
    #[error(
        "the vault's key file {} can't be replaced: {source}; give this user the right to write there", path.display()
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is there is not keys.
    #[error("{place} is not a file of vault keys: {source}")]
    Invalid {
        /// The file or variable.
        place: String,
        /// Why.
        source: InvalidKeyRing,
    },
    /// Another process is at it.
    #[error("another process is rotating the keys in {}; wait for it", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Keys from the environment have no older one, and no new one can be put there from here.
    #[error(
        "the vault's keys are in {variable}, which can't be changed from here; put the output of `bulkhead secrets \
         generate-key` in front of what is there, start every process with that, and run this again"
    )]
    Environment {
        /// The variable.
        variable: &'static str,
    },
}

fn list(keys: &[KeyId]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
