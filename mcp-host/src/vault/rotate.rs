//! A new primary key, while others serve.
//!
//! The order makes it safe to be interrupted anywhere, and done again: the new key is in the file, on the disk, before a
//! secret needs it; the old one leaves the file only when the database has refused that any secret ever needs it again.
//! Done again it begins with one more new key, so that it always ends with one that nobody had before.

use bulkhead_audit::Actor;
use bulkhead_kernel::{CorrelationId, Ports};
use bulkhead_vault::{Failed, KeyId, KeyRing, Retired, VaultError as SecretError};

use super::key_file::{self, Lock};
use super::key_source::{KeySource, VARIABLE};
use super::{KeysError, VaultError};

/// How often all secrets are gone through. More than once is needed only when somebody seals with an old key in between.
const PASSES: u32 = 10;

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Secrets that the new key wraps.
    pub rewrapped: u64,
    /// Secrets that another key wrapped at the start.
    pub total: u64,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The new primary key.
    pub primary: KeyId,
    /// Secrets that it wraps now and did not before.
    pub rewrapped: u64,
    /// Keys that no secret needs any more. They are no longer in the key file.
    pub retired: Vec<KeyId>,
    /// Keys that secrets still need.
    pub kept: Vec<KeyId>,
    /// The secrets that could not be opened, and are as they were.
    pub failed: Vec<Failed>,
}

/// Who rotates, for the audit trail.
struct Rotation<'a> {
    ports: &'a Ports,
    ring: KeyRing,
    actor: &'a Actor,
    correlation: &'a CorrelationId,
    batch: u32,
}

/// Adds a new primary key to the file, wraps every data key anew, and retires the older keys. Keys from the environment
/// stay as they are: there the operator has put the new one first.
///
/// The database must wait for the disk with every commit, or what it has acknowledged could need a key that is gone.
///
/// # Errors
/// [`VaultError`]; doing it again goes on from there.
pub async fn rotate(
    ports: &Ports,
    source: &KeySource,
    actor: &Actor,
    correlation: &CorrelationId,
    batch: u32,
    mut progress: impl FnMut(Progress),
) -> Result<Rotated, VaultError> {
    let lock = match source {
        KeySource::File { path, .. } => Some((path, key_file::lock(path, false)?)),
        KeySource::Environment { .. } => None,
    };
    let ring = new_ring(ports, source, lock.as_ref().map(|(path, lock)| (path.as_path(), lock)))?;
    bulkhead_vault::register(ports, ring.primary()).await.map_err(SecretError::from)?;
    let usage = bulkhead_vault::key_usage(ports).await.map_err(SecretError::from)?;
    if usage.iter().any(|usage| usage.key == ring.primary() && !usage.active) {
        return Err(SecretError::RetiredKey { key: ring.primary() }.into());
    }
    let total = usage.iter().filter(|usage| usage.key != ring.primary()).map(|usage| usage.secrets).sum();
    let rotation = Rotation { ports, ring, actor, correlation, batch };
    let mut rotated = Rotated {
        primary: rotation.ring.primary(),
        rewrapped: 0,
        retired: Vec::new(),
        kept: rotation.ring.older(),
        failed: Vec::new(),
    };
    for _ in 0..PASSES {
        let before = rotated.rewrapped;
        let overtaken = rotation.pass(&mut rotated, |rewrapped| progress(Progress { rewrapped, total })).await?;
        rotation.retire(&mut rotated).await?;
        let nothing_moves = rotated.rewrapped == before && overtaken == 0 && !rotated.failed.is_empty();
        if rotated.kept.is_empty() || nothing_moves {
            break;
        }
    }
    if let Some((path, lock)) = &lock {
        key_file::write(path, &rotation.ring.without(&rotated.retired), lock)?;
    }
    Ok(rotated)
}

/// The ring with its new primary key, on the disk.
fn new_ring(ports: &Ports, source: &KeySource, lock: Option<(&std::path::Path, &Lock)>) -> Result<KeyRing, KeysError> {
    let (ring, _) = source.read()?;
    let Some((path, lock)) = lock else {
        return Some(ring).filter(|ring| !ring.older().is_empty()).ok_or(KeysError::Environment { variable: VARIABLE });
    };
    let ring = ring.with_new_primary(ports.entropy.as_ref());
    key_file::write(path, &ring, lock)?;
    Ok(ring)
}

impl Rotation<'_> {
    /// Goes once through all secrets that another key wraps. Gives how many changed under its hands.
    async fn pass(&self, rotated: &mut Rotated, mut progress: impl FnMut(u64)) -> Result<u64, VaultError> {
        let (mut after, mut overtaken) = (None, 0);
        rotated.failed.clear();
        loop {
            let Self { ports, ring, actor, correlation, batch } = self;
            let done = bulkhead_vault::rewrap(ports, ring, actor, correlation, after, *batch).await?;
            rotated.rewrapped += done.rewrapped;
            rotated.failed.extend(done.failed);
            overtaken += done.overtaken;
            progress(rotated.rewrapped);
            after = done.next;
            if after.is_none() {
                return Ok(overtaken);
            }
        }
    }

    /// Retires the older keys that no secret needs.
    async fn retire(&self, rotated: &mut Rotated) -> Result<(), VaultError> {
        for key in std::mem::take(&mut rotated.kept) {
            match bulkhead_vault::retire(self.ports, key).await.map_err(SecretError::from)? {
                Retired::Done => rotated.retired.push(key),
                Retired::StillUsed => rotated.kept.push(key),
            }
        }
        Ok(())
    }
}
