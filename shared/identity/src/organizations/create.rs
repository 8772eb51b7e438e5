//! Another organisation.

use bulkhead_audit::{Act, Actor, AuditEvent, Outcome, Target};
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Role};

use super::OrganizationError;
use super::read::OwnOrganization;
use crate::model::{Membership, Organization};
use crate::{organization_target, store, text};

/// Makes an organisation that the caller owns. Its making is told in both.
///
/// # Errors
/// [`OrganizationError`].
pub async fn create_organization(
    ports: &Ports,
    caller: &Caller,
    slug: String,
    name: String,
    correlation: &CorrelationId,
) -> Result<OwnOrganization, OrganizationError> {
    let act = Act::new(ports, caller, "organization.create", organization_target(caller), correlation);
    act.admit(Permission::CreateOrganization).await?;
    let mut faults = Vec::new();
    text::check_slug("/slug", &slug, &mut faults);
    text::check_name("/name", &name, &mut faults);
    if !faults.is_empty() {
        return Err(OrganizationError::Invalid(faults));
    }
    let now = ports.now();
    let organization = Organization { id: ports.new_id(), slug, name, created_at: now };
    let membership =
        Membership { organization: organization.id, user: caller.user, role: Role::Owner, created_at: now };
    let (actor, target) = (Actor::user(caller), Target::new("organization", organization.id));
    let made = |within, actor, target| {
        let event = AuditEvent::pending_by(ports, within, actor, "organization.create", target, correlation);
        bulkhead_audit::begin(&event.ended(Outcome::Succeeded)).into()
    };
    let steps: Vec<Step> = vec![
        store::insert_organization(&organization).into(),
        store::insert_membership(&membership).into(),
        made(organization.id, actor.clone(), target.clone()),
        made(caller.organization, actor, target),
    ];
    let both = |step: Step| step.across_tenants("who makes an organisation belongs to another one");
    let steps = steps.into_iter().map(both).collect();
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(OwnOrganization { organization, role: Role::Owner }),
        Err(SqlError::UniqueViolation(_)) => Err(OrganizationError::SlugTaken),
        Err(error) => Err(error.into()),
    }
}
