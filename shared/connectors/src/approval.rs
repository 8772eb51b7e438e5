//! What a connector may ask for: what its operator approved.
//!
//! The first version of a connector is approved by whoever installs it. A later one that asks for more waits for
//! another approval. Each of these acts stands in the audit trail of every organisation, because all of them may call it.

use bulkhead_audit::{Actor, AuditEvent, Outcome, Target};
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports, Timestamp};

use crate::model::Slug;
use crate::store;

/// What was approved last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The connector.
    pub slug: Slug,
    /// SHA-256 of the component that asked, `sha256:` and hexadecimal.
    pub digest: String,
    /// What it asked for: JSON, in its canonical form.
    pub grants: String,
    /// SHA-256 of `grants`, in the same form as the component's.
    pub grants_digest: String,
    /// When.
    pub approved_at: Timestamp,
    /// By whom, as the audit trail names them.
    pub approved_by: String,
}

/// What is to be approved.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// The connector.
    pub slug: Slug,
    /// SHA-256 of its component, `sha256:` and hexadecimal.
    pub digest: String,
    /// What it asks for: JSON, in its canonical form.
    pub grants: String,
    /// SHA-256 of `grants`, in the same form as the component's.
    pub grants_digest: String,
}

/// Who approves, and whose audit trails say so.
#[derive(Clone, Debug)]
pub struct Approver {
    /// Who.
    pub actor: Actor,
    /// Every organisation.
    pub organizations: Vec<OrganizationId>,
    /// The act that it belongs to.
    pub correlation: CorrelationId,
}

/// Why something is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalAct {
    /// It is the first version.
    Install,
    /// It asks for no more than the one before.
    Upgrade,
    /// An operator looked at what it asks for, and said yes.
    Approve,
}

impl ApprovalAct {
    const fn action(self) -> &'static str {
        match self {
            Self::Install => "connector.install",
            Self::Upgrade => UPGRADE,
            Self::Approve => "connector.approve",
        }
    }
}

const UPGRADE: &str = "connector.upgrade";

/// Every approval, by slug.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn approvals(ports: &Ports) -> Result<Vec<Approval>, SqlError> {
    store::approvals(ports.sql.as_ref()).await
}

/// A connector's approval.
///
/// # Errors
/// [`SqlError`] when it can't be read.
pub async fn find_approval(ports: &Ports, slug: &Slug) -> Result<Option<Approval>, SqlError> {
    store::find_approval(ports.sql.as_ref(), slug).await
}

/// Approves, in the place of `old`. `false` when somebody else was quicker: then `old` is not what it was, and whoever
/// compared with it has to look again.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn approve(
    ports: &Ports,
    by: &Approver,
    act: ApprovalAct,
    old: Option<&Approval>,
    new: &NewApproval,
) -> Result<bool, SqlError> {
    let name = &by.actor.id;
    let first: Step = match old {
        None => store::insert_approval(new, name, ports.now()).into(),
        Some(old) => store::replace_approval(old, new, name, ports.now()).expecting(1),
    };
    let mut steps = vec![first];
    steps.extend(audited(ports, by, act.action(), &new.slug).map(|event| entry(&event.ended(Outcome::Succeeded))));
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(true),
        Err(SqlError::UniqueViolation(_)) if old.is_none() => Ok(false),
        Err(error) if error.is_unexpected_rows_at(0) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Records that a version was not taken because it asks for more than what is approved.
///
/// # Errors
/// [`SqlError`] when it can't be recorded.
pub async fn record_refused_upgrade(ports: &Ports, by: &Approver, slug: &Slug) -> Result<(), SqlError> {
    let refused = audited(ports, by, UPGRADE, slug).map(|event| event.refused("asks_for_more"));
    let steps = refused.map(|event| entry(&event)).collect();
    ports.sql.batch(steps).await.map(drop)
}

/// Forgets a connector's approval, and records that it was removed: whatever is installed under its name later is a
/// first version. Whether there was one.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn withdraw_approval(ports: &Ports, by: &Approver, slug: &Slug) -> Result<bool, SqlError> {
    let mut steps = vec![store::delete_approval(slug).expecting(1)];
    steps.extend(audited(ports, by, "connector.remove", slug).map(|event| entry(&event.ended(Outcome::Succeeded))));
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unexpected_rows_at(0) => Ok(false),
        Err(error) => Err(error),
    }
}

/// One entry of many, in one batch.
fn entry(event: &AuditEvent) -> Step {
    bulkhead_audit::begin(event)
        .across_tenants("what is done to a connector stands in the trail of every tenant")
        .into()
}

fn audited<'a>(
    ports: &'a Ports,
    by: &'a Approver,
    action: &'static str,
    slug: &'a Slug,
) -> impl Iterator<Item = AuditEvent> + 'a {
    by.organizations.iter().map(move |organization| {
        let target = Target { kind: "connector".to_owned(), id: slug.to_string() };
        AuditEvent::pending_by(ports, *organization, by.actor.clone(), action, target, &by.correlation)
    })
}
