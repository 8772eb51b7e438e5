//! What an organisation takes away from a connector, for itself alone.
//!
//! A connector may do what its manifest was granted, less what the operator's configuration takes away, less this: each is
//! read as an intersection, so nothing here ever adds anything. `model` is what can be taken away, `check` refuses what
//! could not be meant, then a file for each verb; `known` is how a host applies it to the next call of every process
//! without asking the database first.

mod check;
mod find;
mod known;
mod lift;
mod model;
mod restrict;
mod store;

pub use find::{find_restrictions, restrictions, restrictions_of};
pub use known::{InForce, KnownRestrictions};
pub use lift::lift_restrictions;
pub use model::{AllowedOutbound, Restrictions};
pub use restrict::{RestrictError, restrict};
pub use store::digest_in_force;

use bulkhead_audit::{Act, AuditEvent, Target};
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use crate::model::Slug;

/// An entry of the audit trail about a connector's restrictions.
fn audited(ports: &Ports, caller: &Caller, action: &str, slug: &Slug, correlation: &CorrelationId) -> AuditEvent {
    let target = Target::new("connector", slug);
    AuditEvent::pending(ports, caller, action, target, correlation)
}

/// Refuses whoever may not set the organisation up, and records that.
async fn admit(
    ports: &Ports,
    caller: &Caller,
    action: &'static str,
    slug: &Slug,
    correlation: &CorrelationId,
) -> Result<(), RestrictError> {
    let act = Act::new(ports, caller, action, Target::new("connector", slug), correlation);
    Ok(act.admit(Permission::RestrictConnectors).await?)
}
