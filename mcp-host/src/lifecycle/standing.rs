//! How a version of a connector stands to what its operator approved.

use bulkhead_connectors::{Approval, ApprovalAct, Approver, NewApproval};
use bulkhead_kernel::Ports;

use super::LifecycleError;
use crate::sandbox::{Package, RequestedGrants};

/// How a version stands to the last approval.
#[derive(Clone, Debug)]
pub enum Standing {
    /// There is none: it is the first version.
    First,
    /// It is the version that was approved.
    Approved,
    /// It is another version, and asks for no more.
    AsksForNoMore(Approval),
    /// It asks for more.
    AsksForMore {
        /// What was approved.
        approval: Approval,
        /// What it asks for beyond that, a line each.
        beyond: Vec<String>,
    },
}

/// Compares a version with the last approval.
///
/// # Errors
/// [`LifecycleError`] when the approval can't be read.
pub async fn standing(ports: &Ports, package: &Package) -> Result<Standing, LifecycleError> {
    let slug = &package.manifest.slug;
    let Some(approval) = bulkhead_connectors::find_approval(ports, slug).await? else { return Ok(Standing::First) };
    if approval.digest == package.digest && approval.grants_digest == package.requested.digest() {
        return Ok(Standing::Approved);
    }
    // What can't be read, such as an approval by a later Bulkhead, approves nothing.
    let approved: RequestedGrants = serde_json::from_str(&approval.grants).unwrap_or_default();
    let beyond = package.requested.beyond(&approved);
    Ok(if beyond.is_empty() { Standing::AsksForNoMore(approval) } else { Standing::AsksForMore { approval, beyond } })
}

/// Records that a version is taken. One that asks for more is taken only because an operator says so.
///
/// # Errors
/// [`LifecycleError::Overtaken`] when the approval is not the one any more that the version was compared with.
pub async fn record(ports: &Ports, by: &Approver, package: &Package, standing: Standing) -> Result<(), LifecycleError> {
    let (act, old) = match standing {
        Standing::Approved => return Ok(()),
        Standing::First => (ApprovalAct::Install, None),
        Standing::AsksForNoMore(approval) => (ApprovalAct::Upgrade, Some(approval)),
        Standing::AsksForMore { approval, .. } => (ApprovalAct::Approve, Some(approval)),
    };
    let new = NewApproval {
        slug: package.manifest.slug.clone(),
        digest: package.digest.clone(),
        grants: package.requested.canonical(),
        grants_digest: package.requested.digest(),
    };
    if bulkhead_connectors::approve(ports, by, act, old.as_ref(), &new).await? {
        return Ok(());
    }
    // Another host found the same version at the same moment.
    let now = bulkhead_connectors::find_approval(ports, &new.slug).await?;
    let same = now.is_some_and(|now| now.digest == new.digest && now.grants_digest == new.grants_digest);
    if same { Ok(()) } else { Err(LifecycleError::Overtaken(new.slug.to_string())) }
}
