//! Wrapping data keys anew, after the primary key has changed.

use bulkhead_audit::{Actor, AuditEvent, Outcome};
use bulkhead_kernel::id::{OrganizationId, SecretId};
use bulkhead_kernel::{CorrelationId, Ports};

use crate::binding::Binding;
use crate::envelope::OpenError;
use crate::error::VaultError;
use crate::model::{FieldName, Scope, target};
use crate::ring::KeyRing;
use crate::store::{self, StoredSecret};

/// A secret whose data key could not be wrapped anew. It is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The tenant.
    pub organization: OrganizationId,
    /// What it belongs to.
    pub scope: Scope,
    /// Its name.
    pub field: FieldName,
    /// Why.
    pub error: VaultError,
}

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewrapBatch {
    /// Secrets that the primary key wraps now.
    pub rewrapped: u64,
    /// Secrets that somebody else changed in between. They are sealed with whatever key that was.
    pub overtaken: u64,
    /// Secrets that can't be.
    pub failed: Vec<Failed>,
    /// Where the next batch starts; absent after the last one.
    pub next: Option<SecretId>,
}

/// Wraps the data keys of up to `limit` secrets of all organisations, in the order of their ids after `after`, that a key
/// other than the primary wraps. The primary key must be known to the database ([`register`](crate::register)).
///
/// Each secret is an atomic write of its own with its audit entry, and is left alone when it has changed since it was
/// read: it may be done while others store, open and remove, by several at once, and again after it was interrupted.
///
/// # Errors
/// [`VaultError::Sql`]; what was done before stays done. A secret that can't be unwrapped is in `failed`.
pub async fn rewrap(
    ports: &Ports,
    ring: &KeyRing,
    actor: &Actor,
    correlation: &CorrelationId,
    after: Option<SecretId>,
    limit: u32,
) -> Result<RewrapBatch, VaultError> {
    let rows = store::not_wrapped_by(ports.sql.as_ref(), ring.primary(), after, limit).await?;
    let full = rows.len() >= limit as usize;
    let mut done = RewrapBatch { next: rows.last().filter(|_| full).map(|row| row.id), ..RewrapBatch::default() };
    for row in rows {
        match rewrap_one(ports, ring, actor, correlation, &row).await {
            Ok(true) => done.rewrapped += 1,
            Ok(false) => done.overtaken += 1,
            Err(error @ VaultError::Sql(_)) => return Err(error),
            Err(error) => {
                let StoredSecret { organization, scope, field, .. } = row;
                done.failed.push(Failed { organization, scope, field, error });
            }
        }
    }
    Ok(done)
}

/// False when the secret has changed since it was read.
async fn rewrap_one(
    ports: &Ports,
    ring: &KeyRing,
    actor: &Actor,
    correlation: &CorrelationId,
    row: &StoredSecret,
) -> Result<bool, VaultError> {
    let StoredSecret { id, organization, scope, field, sealed } = row;
    let refuse = |error| VaultError::from_open(error, scope, field);
    let sealed = sealed.as_ref().ok_or_else(|| refuse(OpenError::Unreadable))?;
    let binding = Binding { organization: *organization, scope, field };
    let rewrapped = ring.rewrap(&binding, sealed, ports.entropy.as_ref()).map_err(refuse)?;
    let audit =
        AuditEvent::pending_by(ports, *organization, actor.clone(), "secret.rotate", target(scope, field), correlation);
    let steps = vec![
        store::replace_wrapped_key(*organization, *id, sealed, &rewrapped).expecting(1),
        bulkhead_audit::begin(&audit.ended(Outcome::Succeeded)).into(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unexpected_rows_at(0) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
