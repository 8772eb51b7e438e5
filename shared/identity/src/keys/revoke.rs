//! Ending a key.

use bulkhead_audit::Act;
use bulkhead_kernel::id::ApiKeyId;
use bulkhead_kernel::{Caller, CorrelationId, Ports};

use super::{KeyError, reach, store, target};

/// Revokes a key: the caller's own, or as an admin anybody's. One that was revoked before stays so.
///
/// # Errors
/// [`KeyError`].
pub async fn revoke_key(
    ports: &Ports,
    caller: &Caller,
    id: ApiKeyId,
    correlation: &CorrelationId,
) -> Result<(), KeyError> {
    let act = Act::new(ports, caller, "api_key.revoke", target(id), correlation);
    let key = reach(ports, caller, &act, id).await?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    let steps = vec![store::revoke(caller.organization, id, ports.now()).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        // Somebody else was quicker.
        Err(error) if error.is_unexpected_rows_at(0) => Ok(()),
        done => Ok(done.map(drop)?),
    }
}
