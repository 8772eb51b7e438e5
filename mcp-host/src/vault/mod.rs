//! The vault's keys, and the host's way to secrets.
//!
//! `key_source.rs` says where the keys are, `key_file.rs` reads and replaces their file, `rotate.rs` gives the vault a new
//! key while others serve. [`Vault`] is what a call asks for its credentials. Secrets are read and opened for each use and
//! kept nowhere; what is kept is the key ring, until a secret needs a key that is not on it.

mod error;
mod key_file;
mod key_source;
mod rotate;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use bulkhead_connectors::Slug;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::{Ports, Secret};
use bulkhead_vault::{Author, KeyId, KeyRing, NewSecret, Scope, SealingKey, VaultError as SecretError};

use crate::config::VaultConfig;

pub use error::{KeysError, VaultError};
pub use key_source::KeySource;
pub(crate) use key_source::VARIABLE as KEYS_VARIABLE;
pub use rotate::{Progress, Rotated, rotate};

/// How often something is tried that a rotation may have got in the way of. Each time the keys are looked at again, so
/// that only another whole rotation could be in the way of the next.
const ATTEMPTS: u32 = 4;

/// Secrets at rest, with the keys to them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault(Arc<Inner>);

struct Inner {
    ports: Ports,
    source: KeySource,
    max_secret_bytes: usize,
    keys: RwLock<Keys>,
}

/// The key ring, and the state of the file that it was read from.
struct Keys {
    ring: Arc<KeyRing>,
    stamp: key_file::Stamp,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.source)
    }
}

impl Vault {
    /// Reads the keys; makes the first one when the key file is the data directory's own and nothing is sealed yet.
    ///
    /// # Errors
    /// [`VaultError`] when they can't be read, others could read them, or secrets need one that is not among them.
    pub async fn open(ports: &Ports, config: &VaultConfig, data_dir: &Path) -> Result<Self, VaultError> {
        let source = KeySource::of(config, data_dir);
        let mut attempt = 0;
        let (ring, stamp) = loop {
            let (ring, stamp) = match source.read() {
                Err(KeysError::Missing { .. }) if source.is_made_here() => {
                    refuse_missing(&source, needed_keys(ports, None).await?)?;
                    source.create(ports.entropy.as_ref())?
                }
                read => read?,
            };
            match refuse_missing(&source, needed_keys(ports, Some(&ring)).await?) {
                // A rotation may have added a key to the file and used it since it was read.
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                checked => break checked.map(|()| (ring, stamp))?,
            }
        };
        let keys = RwLock::new(Keys { ring: Arc::new(ring), stamp });
        let max_secret_bytes = config.max_secret_bytes;
        Ok(Self(Arc::new(Inner { ports: ports.clone(), source, max_secret_bytes, keys })))
    }

    /// The credentials of a connector, by name: what a call of one of its tools may be given outside of the sandbox.
    ///
    /// # Errors
    /// [`VaultError`] when one of them can't be opened: then none is given.
    pub async fn credentials(
        &self,
        organization: OrganizationId,
        connector: &Slug,
    ) -> Result<Vec<(String, Secret)>, VaultError> {
        self.open_scope(organization, &Scope::Connector(connector.clone())).await
    }

    /// All secrets of a scope, by name.
    ///
    /// # Errors
    /// [`VaultError`] when one of them can't be opened: then none is given.
    pub(crate) async fn open_scope(
        &self,
        organization: OrganizationId,
        scope: &Scope,
    ) -> Result<Vec<(String, Secret)>, VaultError> {
        let mut attempt = 0;
        loop {
            let ring = self.ring();
            match bulkhead_vault::open(&self.0.ports, organization, &ring, scope).await {
                Ok(opened) => {
                    return Ok(opened.into_iter().map(|secret| (secret.field.to_string(), secret.value)).collect());
                }
                // A rotation adds its key to the file before the first secret needs it, and removes the old one after the
                // last: either the file or the secret has changed since we looked at it.
                Err(SecretError::UnknownKey { .. }) if attempt < ATTEMPTS => self.refresh()?,
                Err(error) => return Err(error.into()),
            }
            attempt += 1;
        }
    }

    /// Stores a secret under the primary key that is in the file now.
    ///
    /// # Errors
    /// [`VaultError`], also when other secrets are sealed with keys that are not here: then this is the wrong key file.
    pub async fn put(&self, author: &Author, new: &NewSecret) -> Result<(), VaultError> {
        let Inner { ports, source, max_secret_bytes, .. } = self.0.as_ref();
        let mut attempt = 0;
        loop {
            self.refresh()?;
            let ring = self.ring();
            let checked = refuse_missing(source, needed_keys(ports, Some(&ring)).await?);
            let done: Result<(), VaultError> = match checked {
                Ok(()) => bulkhead_vault::put(ports, author, ring.sealing_key(), new, *max_secret_bytes)
                    .await
                    .map_err(Into::into),
                Err(error) => Err(error.into()),
            };
            match done {
                // A rotation was quicker, and the file has another key by now.
                Err(VaultError::Secret(SecretError::RetiredKey { .. }) | VaultError::Keys(KeysError::Lost { .. }))
                    if attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// What secrets are sealed with now, and how long one may be.
    pub(crate) fn sealing_key(&self) -> (SealingKey, usize) {
        (self.ring().sealing_key().clone(), self.0.max_secret_bytes)
    }

    fn ring(&self) -> Arc<KeyRing> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).ring.clone()
    }

    /// Reads the keys again when their file is another one, or has changed. This is what limits how often it is read.
    pub(crate) fn refresh(&self) -> Result<(), KeysError> {
        let known = self.0.keys.read().unwrap_or_else(PoisonError::into_inner).stamp;
        if self.0.source.stamp() == known {
            return Ok(());
        }
        let (ring, stamp) = self.0.source.read()?;
        tracing::info!(keys = %self.0.source, primary = %ring.primary(), "read the vault's keys again");
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Keys { ring: Arc::new(ring), stamp };
        Ok(())
    }
}

fn refuse_missing(source: &KeySource, keys: Vec<KeyId>) -> Result<(), KeysError> {
    if keys.is_empty() { Ok(()) } else { Err(KeysError::Lost { place: source.to_string(), keys }) }
}

/// The keys that secrets need and this ring has not.
async fn needed_keys(ports: &Ports, ring: Option<&KeyRing>) -> Result<Vec<KeyId>, VaultError> {
    let usage = bulkhead_vault::key_usage(ports).await.map_err(SecretError::from)?;
    let needed = usage.into_iter().filter(|usage| usage.secrets > 0).map(|usage| usage.key);
    Ok(needed.filter(|key| ring.is_none_or(|ring| ring.find(*key).is_none())).collect())
}
