//! Having a deleted organisation back.

use bulkhead_audit::{Actor, AuditEvent, Outcome, Target};
use bulkhead_kernel::{CorrelationId, Ports, Timestamp};

use super::{OrganizationError, RESTORABLE, store};
use crate::model::Organization;
use crate::opaque::{OpaqueToken, Purpose};

/// Gives back what was deleted with this token, as it was: members, keys and sessions work again. The token is all that it
/// takes, because the owners of a deleted organisation may belong to no other and then nowhere sign in.
///
/// # Errors
/// [`OrganizationError::Unknown`] for every token that does not work.
pub async fn restore_organization(
    ports: &Ports,
    presented: &str,
    correlation: &CorrelationId,
) -> Result<Organization, OrganizationError> {
    let token = OpaqueToken::parse(Purpose::Restore, presented).map_err(|_| OrganizationError::Unknown)?;
    let window = i64::try_from(RESTORABLE.as_millis()).unwrap_or(i64::MAX);
    let since = Timestamp::from_millis(ports.now().as_millis().saturating_sub(window));
    let found = store::find_deleted(ports.sql.as_ref(), &token, since).await?;
    let organization = found.ok_or(OrganizationError::Unknown)?;
    // Nobody says who they are.
    let actor = Actor {
        kind: "restore_token".to_owned(),
        id: organization.id.to_string(),
        credential_id: "restore token".to_owned(),
    };
    let target = Target::new("organization", organization.id);
    let event = AuditEvent::pending_by(ports, organization.id, actor, "organization.restore", target, correlation);
    let steps = vec![
        store::restore(organization.id, &token).expecting(1),
        bulkhead_audit::begin(&event.ended(Outcome::Succeeded)).into(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(organization),
        Err(error) if error.is_unexpected_rows_at(0) => Err(OrganizationError::Unknown),
        Err(error) => Err(error.into()),
    }
}
