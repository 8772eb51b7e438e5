//! The next access token of a session.

use bulkhead_audit::{Actor, AuditEvent};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports};

use super::model::{SessionTerms, Tokens};
use super::open::{target, tokens};
use super::store;
use crate::opaque::{OpaqueToken, Purpose};
use crate::token::{InvalidSigningKey, SigningKeys};

/// Why there is no next token. To the client all but the last two are one: `invalid_grant` (RFC 6749, section 5.2).
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is not a refresh token of ours, or another client's.
    #[error("the refresh token is not one of ours")]
    Unknown,
    /// It, or its session, has ended.
    #[error("the refresh token or its session has ended")]
    Ended,
    /// It has been used before. Its session has now ended.
    #[error("the refresh token was used before, so its session was ended")]
    Reused,
    /// No key signs access tokens.
    #[error(transparent)]
    Keys(#[from] InvalidSigningKey),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Uses a refresh token, and replaces it. `client` is who presents it: a session's own client, nobody else's.
///
/// # Errors
/// [`RefreshError`].
pub async fn refresh_session(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    issuer: &str,
    client: Option<&str>,
    presented: &str,
    correlation: &CorrelationId,
) -> Result<Tokens, RefreshError> {
    let token = OpaqueToken::parse(Purpose::Refresh, presented).map_err(|_| RefreshError::Unknown)?;
    let found = store::find_by_refresh(ports.sql.as_ref(), &token).await?.ok_or(RefreshError::Unknown)?;
    let (session, now) = (&found.session, ports.now());
    if session.client_id.as_deref() != client {
        return Err(RefreshError::Unknown);
    }
    if found.revoked || session.expires_at <= now {
        return Err(RefreshError::Ended);
    }
    if found.used {
        end_family(ports, &found, correlation).await?;
        return Err(RefreshError::Reused);
    }
    if found.refresh_expires_at <= now {
        return Err(RefreshError::Ended);
    }
    let next = OpaqueToken::generate(Purpose::Refresh, ports.entropy.as_ref());
    let tokens = tokens(ports, keys, terms, issuer, session, &next)?;
    let steps = vec![
        store::use_refresh(&token, now).expecting(1),
        store::touch(session, now).expecting(1),
        store::insert_refresh(&next, session.id, now, now.plus(terms.refresh)).into(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(tokens),
        // Somebody else used it since it was read: there are two who have it.
        Err(error) if error.is_unexpected_rows_at(0) => {
            end_family(ports, &found, correlation).await?;
            Err(RefreshError::Reused)
        }
        Err(error) if error.is_unexpected_rows_at(1) => Err(RefreshError::Ended),
        Err(error) => Err(error.into()),
    }
}

async fn end_family(ports: &Ports, found: &store::Found, correlation: &CorrelationId) -> Result<(), SqlError> {
    let session = &found.session;
    let actor = Actor { kind: "user".to_owned(), id: session.user.to_string(), credential_id: session.id.to_string() };
    let audit =
        AuditEvent::pending_by(ports, session.organization, actor, "session.refresh", target(session.id), correlation)
            .refused("the refresh token was used before; the session was ended");
    let steps = vec![
        store::revoke(session.user, session.id, ports.now()).into(),
        bulkhead_audit::begin(&audit).across_tenants("with the step before it").into(),
    ];
    ports.sql.batch(steps).await.map(drop)
}
