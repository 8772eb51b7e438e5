//! The link with which a user goes on, in a browser.

use bulkhead_audit::Act;
use bulkhead_connectors::AuthType;
use bulkhead_identity::{CredentialEnded, hold_credential, is_credential_ended};
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Secret, Timestamp};

use crate::find::{FindError, admit, visible};
use crate::model::{Connection, target};
use crate::state::State;
use crate::store;
use crate::transaction::{LINK_LIFETIME, Transaction, hash, random};

/// How long an attempt that is over is kept, for whoever asks why a link does not work.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// A link that begins one attempt, once.
#[derive(Clone, Debug)]
pub struct Link {
    /// What the link proves itself with.
    pub token: Secret,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A link and what records it, for the batch that does whatever else belongs to it.
pub(crate) fn link_steps(ports: &Ports, caller: &Caller, connection: &Connection) -> (Link, Vec<Step>) {
    let now = ports.now();
    let token = random(ports.entropy.as_ref());
    let transaction = Transaction {
        id: ports.new_id(),
        organization: caller.organization,
        user: caller.user,
        connection: connection.id,
        browser_hash: None,
        verifier: None,
        created_at: now,
        expires_at: now.plus(LINK_LIFETIME),
        started_at: None,
        used_at: None,
    };
    let long_ago = Timestamp::from_millis(now.as_millis().saturating_sub(i64::try_from(KEPT.as_millis()).unwrap_or(0)));
    let steps = vec![
        store::insert_transaction(&transaction, &hash(token.expose())).expecting(1),
        store::forget_transactions(caller.organization, long_ago).into(),
    ];
    (Link { token, expires_at: transaction.expires_at }, steps)
}

/// A new link for a connection by OAuth 2. What works goes on working until there are new tokens.
///
/// # Errors
/// [`FindError`].
pub async fn reconnect(
    ports: &Ports,
    caller: &Caller,
    id: ConnectionId,
    correlation: &CorrelationId,
) -> Result<(Connection, Link), FindError> {
    let act = Act::new(ports, caller, "connection.reconnect", target(id), correlation);
    act.admit(Permission::ManageConnections).await?;
    let connection = visible(ports, caller, id).await?;
    admit(&act, caller, connection.owner).await?;
    let refusal = if let Some(scope) = caller.missing_write_scope() {
        Some(FindError::InsufficientScope(scope.to_owned()))
    } else if !connection.may_be_connected_by(caller) {
        Some(FindError::Others)
    } else if connection.state == State::Revoked || connection.auth_type != AuthType::Oauth2 {
        Some(FindError::NotReconnectable)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        act.refuse(&refusal).await?;
        return Err(refusal);
    }
    let mut steps: Vec<Step> = hold_credential(caller, ports.now()).into();
    let (link, further) = link_steps(ports, caller, &connection);
    steps.extend(further);
    steps.push(act.done());
    match ports.sql.batch(steps).await {
        Ok(_) => Ok((connection, link)),
        Err(error) if is_credential_ended(&error) => Err(CredentialEnded.into()),
        Err(error) => Err(error.into()),
    }
}
