//! A user decides on a device (RFC 8628, section 3.3).

use std::collections::BTreeSet;

use bulkhead_audit::{Actor, AuditEvent, Outcome, Target};
use bulkhead_identity::{hold_credential, is_credential_ended};
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports, Scope};

use super::{store, user_code};
use crate::client::mark_used;
use crate::error::{Code, Failure, OAuthError};
use crate::grant::Grantor;

/// A device that waits for its user.
#[derive(Clone, Debug)]
pub struct PendingDevice {
    /// The client's id.
    pub client: String,
    /// What the tokens are for.
    pub audience: String,
    /// What they may do.
    pub scopes: BTreeSet<Scope>,
    pub(super) user_code_hash: String,
}

/// What the user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The device gets what it asks for.
    Approve,
    /// It does not.
    Deny,
}

/// The device that shows this code. A wrong one is in the audit trail.
///
/// # Errors
/// `invalid_grant` when there is none.
pub async fn find_device(
    ports: &Ports,
    grantor: &Grantor<'_>,
    typed: &str,
    correlation: &CorrelationId,
) -> Result<PendingDevice, Failure> {
    let found = match user_code::hash(typed) {
        Some(hash) => store::find_pending(ports.sql.as_ref(), &hash, ports.now()).await?,
        None => None,
    };
    if let Some(device) = found {
        return Ok(device);
    }
    let event = entry(ports, grantor, "unknown", correlation).refused("no device shows this code");
    bulkhead_audit::record_refusal(ports, &event).await?;
    Err(OAuthError::new(Code::InvalidGrant, "no device shows this code, or no longer").into())
}

/// Records what the user has decided. The code is good for one decision.
///
/// # Errors
/// `invalid_grant` when it was decided, or has expired, meanwhile.
pub async fn decide_device(
    ports: &Ports,
    device: &PendingDevice,
    grantor: &Grantor<'_>,
    decision: Decision,
    correlation: &CorrelationId,
) -> Result<(), Failure> {
    let now = ports.now();
    let event = entry(ports, grantor, &device.client, correlation);
    let event = match decision {
        Decision::Approve => event.ended(Outcome::Succeeded),
        Decision::Deny => event.refused("the user did not grant it"),
    };
    let held = hold_credential(grantor.caller, now);
    let mut steps: Vec<Step> = held.map(|step| step.across_tenants("with the steps after it")).into();
    steps.extend([
        store::decide(&device.user_code_hash, grantor.membership, decision, now).expecting(1),
        mark_used(&device.client, now).into(),
        bulkhead_audit::begin(&event).across_tenants("with the step before it").into(),
    ]);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if is_credential_ended(&error) => {
            Err(OAuthError::new(Code::AccessDenied, "you were signed out meanwhile; sign in, and decide again").into())
        }
        Err(error) if error.is_unexpected_rows_at(2) => {
            Err(OAuthError::new(Code::InvalidGrant, "no device shows this code, or no longer").into())
        }
        Err(error) => Err(SqlError::into(error)),
    }
}

fn entry(ports: &Ports, grantor: &Grantor<'_>, client: &str, correlation: &CorrelationId) -> AuditEvent {
    let user = grantor.membership.user.to_string();
    let actor = Actor { kind: "user".to_owned(), id: user, credential_id: grantor.caller.credential.id() };
    let target = Target { kind: "oauth_client".to_owned(), id: client.to_owned() };
    AuditEvent::pending_by(ports, grantor.membership.organization, actor, "oauth.device", target, correlation)
}
