//! Sessions as the authorization server sees them: by a token that a client presents.

use bulkhead_audit::{Actor, AuditEvent, Outcome};
use bulkhead_kernel::id::SessionId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports};

use super::model::Session;
use super::open::target;
use super::store;
use crate::opaque::{OpaqueToken, Purpose};

/// The session of a refresh token that can be used still. The token is not used by this.
///
/// # Errors
/// [`SqlError`].
pub async fn find_refreshable(ports: &Ports, presented: &str) -> Result<Option<Session>, SqlError> {
    let Ok(token) = OpaqueToken::parse(Purpose::Refresh, presented) else { return Ok(None) };
    store::find_live(ports.sql.as_ref(), None, Some(&token), ports.now()).await
}

/// A session that goes on.
///
/// # Errors
/// [`SqlError`].
pub async fn find_session(ports: &Ports, id: SessionId) -> Result<Option<Session>, SqlError> {
    store::find_live(ports.sql.as_ref(), Some(id), None, ports.now()).await
}

/// Ends what was granted to a client, without its user's doing, and says why in the audit trail. What has ended stays as it
/// is, and so does a sign-in.
///
/// # Errors
/// [`SqlError`]; then nothing was changed.
pub async fn end_granted_session(
    ports: &Ports,
    id: SessionId,
    action: &str,
    reason: &str,
    correlation: &CorrelationId,
) -> Result<(), SqlError> {
    let session = find_session(ports, id).await?;
    // A sign-in may be on its way to another organisation.
    let Some(session) = session.filter(|session| session.client_id.is_some()) else { return Ok(()) };
    let actor = Actor { kind: "user".to_owned(), id: session.user.to_string(), credential_id: id.to_string() };
    let audit = AuditEvent::pending_by(ports, session.organization, actor, action, target(id), correlation);
    let audit = AuditEvent { reason: Some(reason.to_owned()), ..audit.ended(Outcome::Succeeded) };
    let steps = vec![store::end_granted(&session, ports.now()).into(), bulkhead_audit::begin(&audit).into()];
    ports.sql.batch(steps).await.map(drop)
}
