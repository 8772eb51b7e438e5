//! Keeping a token fresh: who may refresh it, and writing what came of it. When to do so, and waiting for others who do, is
//! the host's part.

use std::time::Duration;

use bulkhead_audit::{Actor, AuditEvent, Outcome};
use bulkhead_kernel::id::{ConnectionId, OrganizationId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports, Timestamp};
use bulkhead_vault::{NewSecret, Scope, SealingKey, VaultError, put_error, put_steps};

use crate::model::{Connection, fields};
use crate::state::State;
use crate::store;
use crate::tokens::GrantedTokens;

/// How fresh a connection's token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// It can be used.
    Yes,
    /// It can be used for a little while: it is time to refresh it.
    Soon,
    /// It can't be used any more, but refreshed.
    No,
    /// It can't be used any more, nor refreshed.
    Dead,
}

impl Fresh {
    /// How fresh it is now, when it is to be refreshed `ahead` of its end.
    #[must_use]
    pub fn of(connection: &Connection, now: Timestamp, ahead: Duration) -> Self {
        match &connection.state {
            State::Active { expires_at: None, .. } => Self::Yes,
            State::Active { expires_at: Some(at), refreshable } => match (*at > now, *refreshable) {
                (true, true) if *at <= now.plus(ahead) => Self::Soon,
                (true, _) => Self::Yes,
                (false, true) => Self::No,
                (false, false) => Self::Dead,
            },
            State::Pending | State::Expired { .. } | State::Revoked | State::Error { .. } => Self::Dead,
        }
    }
}

/// The right to refresh one version of a connection's token.
#[derive(Clone, Debug)]
pub struct RefreshLease {
    connection: Connection,
    owner: String,
}

/// Why what a provider gave could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum RefreshFault {
    /// The connection has changed: it was disconnected, or connected again.
    #[error("the connection has changed meanwhile")]
    Overtaken,
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// A connection as it is now.
///
/// # Errors
/// [`SqlError`] when it can't be read.
pub async fn read(
    ports: &Ports,
    organization: OrganizationId,
    id: ConnectionId,
) -> Result<Option<Connection>, SqlError> {
    store::find(ports.sql.as_ref(), organization, id).await
}

/// Takes the lease for this long; `None` when somebody else has it, or the connection is not what it was.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn claim_refresh(
    ports: &Ports,
    connection: &Connection,
    owner: &str,
    duration: Duration,
) -> Result<Option<RefreshLease>, SqlError> {
    let now = ports.now();
    let claim = store::claim_refresh(connection, owner, now, now.plus(duration));
    let taken = ports.sql.execute(claim).await? == 1;
    Ok(taken.then(|| RefreshLease { connection: connection.clone(), owner: owner.to_owned() }))
}

/// Gives the lease back, for the next who tries.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn release_refresh(ports: &Ports, lease: &RefreshLease) -> Result<(), SqlError> {
    ports.sql.execute(store::release_refresh(&lease.connection, &lease.owner)).await.map(drop)
}

fn audited(ports: &Ports, connection: &Connection, actor: &Actor, correlation: &CorrelationId) -> AuditEvent {
    let (organization, target) = (connection.organization, connection.target());
    AuditEvent::pending_by(ports, organization, actor.clone(), "connection.refresh", target, correlation)
}

/// Stores new tokens and ends the lease, in one atomic write that demands that the connection still be what it was.
///
/// # Errors
/// [`RefreshFault`]; nothing is stored then. It may be tried again with the same tokens.
pub async fn record_refreshed(
    ports: &Ports,
    lease: &RefreshLease,
    tokens: &GrantedTokens,
    (key, max_bytes): (&SealingKey, usize),
    actor: &Actor,
    correlation: &CorrelationId,
) -> Result<Connection, RefreshFault> {
    let now = ports.now();
    let connection = &lease.connection;
    let state = connection.state.clone().refreshed(tokens.expires_at(now)).map_err(|_| RefreshFault::Overtaken)?;
    let refreshed = Connection {
        state,
        scopes: tokens.scopes.clone().unwrap_or_else(|| connection.scopes.clone()),
        ..connection.clone()
    };
    let scope = Scope::Connection(connection.id);
    let secret = |name: &str, value| NewSecret { scope: scope.clone(), field: name.parse().expect("a name"), value };
    let mut secrets = vec![secret(fields::CREDENTIAL, tokens.access_token.clone())];
    secrets.extend(tokens.refresh_token.clone().map(|token| secret(fields::REFRESH_TOKEN, token)));
    let mut steps = vec![store::update(&refreshed, connection.version + 1, now).expecting(1)];
    steps.extend(put_steps(ports, connection.organization, key, &secrets, max_bytes)?);
    let event = audited(ports, connection, actor, correlation).ended(Outcome::Succeeded);
    steps.push(bulkhead_audit::begin(&event).into());
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(Connection { version: connection.version + 1, updated_at: now, ..refreshed }),
        Err(error) if error.is_unexpected_rows_at(0) => Err(RefreshFault::Overtaken),
        Err(error) => Err(put_error(ports, key, error).await.into()),
    }
}

/// Writes that the provider does not accept a connection any more; false when it has changed meanwhile.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn expire(
    ports: &Ports,
    connection: &Connection,
    reason: &str,
    actor: &Actor,
    correlation: &CorrelationId,
) -> Result<bool, SqlError> {
    let Ok(state) = connection.state.clone().expired(reason) else { return Ok(false) };
    let expired = Connection { state, ..connection.clone() };
    let event = audited(ports, connection, actor, correlation).ended(Outcome::Failed);
    let event = AuditEvent { reason: Some(reason.to_owned()), ..event };
    let steps = vec![
        store::update(&expired, connection.version + 1, ports.now()).expecting(1),
        bulkhead_audit::begin(&event).into(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unexpected_rows_at(0) => Ok(false),
        Err(error) => Err(error),
    }
}
