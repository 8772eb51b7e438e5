//! Taking something away.

use bulkhead_audit::Outcome;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Denied, Fault, Ports};

use super::model::Restrictions;
use super::{admit, audited, store};
use crate::grants::RequestedGrants;
use crate::model::Slug;

/// Why restrictions can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum RestrictError {
    /// The caller may not. That is recorded.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No connector has this name.
    #[error("no connector has this name")]
    UnknownConnector,
    /// They are none: each fault by its JSON pointer.
    #[error("these are no restrictions of this connector: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

bulkhead_audit::from_admit!(RestrictError);

/// Restricts a connector for the caller's organisation, in the place of what there was. It holds from the next call on.
///
/// # Errors
/// [`RestrictError`]; nothing has changed then.
pub async fn restrict(
    ports: &Ports,
    caller: &Caller,
    slug: &Slug,
    restrictions: &Restrictions,
    correlation: &CorrelationId,
) -> Result<(), RestrictError> {
    const ACTION: &str = "connector.restrict";
    admit(ports, caller, ACTION, slug, correlation).await?;
    if crate::get(ports, slug.as_str()).await?.is_none() {
        return Err(RestrictError::UnknownConnector);
    }
    let tools = crate::list_tools(ports, slug.as_str()).await?;
    // What can't be read, such as an approval by a later Bulkhead, grants nothing.
    let approval = crate::find_approval(ports, slug).await?;
    let granted: RequestedGrants =
        approval.and_then(|approval| serde_json::from_str(&approval.grants).ok()).unwrap_or_default();
    let faults = restrictions.check(&tools, &granted);
    if !faults.is_empty() {
        return Err(RestrictError::Invalid(faults));
    }
    let event = audited(ports, caller, ACTION, slug, correlation).ended(Outcome::Succeeded);
    let steps =
        vec![store::upsert(caller, slug, restrictions, ports.now()).into(), bulkhead_audit::begin(&event).into()];
    ports.sql.batch(steps).await?;
    Ok(())
}
