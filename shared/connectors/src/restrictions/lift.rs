//! Giving everything back.

use bulkhead_audit::Outcome;
use bulkhead_kernel::{Caller, CorrelationId, Ports};

use super::restrict::RestrictError;
use super::{admit, audited, store};
use crate::model::Slug;

/// Lifts whatever restrictions of a connector the caller's organisation has, from the next call on.
///
/// # Errors
/// [`RestrictError`]; nothing has changed then.
pub async fn lift_restrictions(
    ports: &Ports,
    caller: &Caller,
    slug: &Slug,
    correlation: &CorrelationId,
) -> Result<(), RestrictError> {
    const ACTION: &str = "connector.unrestrict";
    admit(ports, caller, ACTION, slug, correlation).await?;
    let event = audited(ports, caller, ACTION, slug, correlation).ended(Outcome::Succeeded);
    let steps = vec![store::delete(caller, slug).expecting(1), bulkhead_audit::begin(&event).into()];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        // There were none.
        Err(error) if error.is_unexpected_rows_at(0) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
