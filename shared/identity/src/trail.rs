//! What happens to a user, in the audit trail of every organisation that they belong to.

use bulkhead_audit::{Actor, AuditEvent, Outcome, Target};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports};

use crate::store;

/// In how many of a user's organisations it is told.
const TOLD: usize = 16;

/// An act of a user on themselves: what, by which credential, and why it was refused when it was.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    pub(crate) action: &'a str,
    pub(crate) credential: &'a str,
    pub(crate) refused: Option<&'a str>,
}

/// What writes it.
pub(crate) async fn entries(
    ports: &Ports,
    user: UserId,
    act: Act<'_>,
    correlation: &CorrelationId,
) -> Result<Vec<Step>, SqlError> {
    let memberships = store::memberships_of(ports.sql.as_ref(), user, store::By::Length).await?;
    let entry = |organization| {
        let id = user.to_string();
        let actor = Actor { kind: "user".to_owned(), id: id.clone(), credential_id: act.credential.to_owned() };
        let target = Target { kind: "user".to_owned(), id };
        let event = AuditEvent::pending_by(ports, organization, actor, act.action, target, correlation);
        let event = match act.refused {
            Some(reason) => event.refused(reason),
            None => event.ended(Outcome::Succeeded),
        };
        bulkhead_audit::begin(&event)
            .across_tenants("a user's act stands in the trail of each of their organisations")
            .into()
    };
    Ok(memberships.iter().take(TOLD).map(|(membership, _)| entry(membership.organization)).collect())
}
