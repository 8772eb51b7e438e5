//! Opening a session.

use bulkhead_audit::{Actor, AuditEvent, Outcome, Target};
use bulkhead_kernel::id::SessionId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports, Scopes, Secret};

use super::model::{Session, SessionOrigin, SessionTerms, Tokens};
use super::store;
use crate::model::Membership;
use crate::opaque::{OpaqueToken, Purpose};
use crate::token::{AccessGrant, InvalidSigningKey, SigningKeys};

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No key signs access tokens.
    #[error(transparent)]
    Keys(#[from] InvalidSigningKey),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Who, and where.
    pub membership: &'a Membership,
    /// Who issues its tokens: the public URL.
    pub issuer: &'a str,
    /// Whom they are for.
    pub audience: &'a str,
    /// What they may do.
    pub scopes: Scopes,
    /// The OAuth client to which it is granted.
    pub client: Option<&'a str>,
    /// Where it comes from.
    pub origin: SessionOrigin,
    /// The browser's cookie, when a browser keeps it.
    pub browser: Option<&'a OpaqueToken>,
}

/// Opens a session, together with `steps` or not at all. How the user proved who they are is `how`, for the audit trail.
///
/// # Errors
/// [`OpenError`]; then nothing was changed.
pub async fn open_session(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    new: NewSession<'_>,
    how: &str,
    steps: Vec<Step>,
    correlation: &CorrelationId,
) -> Result<Tokens, OpenError> {
    open_session_as(ports, keys, terms, ports.new_id(), new, how, steps, correlation).await
}

/// The same with an id that the caller has made, for `steps` that name the session.
///
/// # Errors
/// [`OpenError`]; then nothing was changed.
#[expect(clippy::too_many_arguments, reason = "as above, and the id")]
pub async fn open_session_as(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    id: SessionId,
    new: NewSession<'_>,
    how: &str,
    mut steps: Vec<Step>,
    correlation: &CorrelationId,
) -> Result<Tokens, OpenError> {
    let now = ports.now();
    let session = Session {
        id,
        user: new.membership.user,
        organization: new.membership.organization,
        client_id: new.client.map(str::to_owned),
        audience: new.audience.to_owned(),
        scopes: new.scopes,
        origin: new.origin,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(terms.session),
    };
    let refresh = OpaqueToken::generate(Purpose::Refresh, ports.entropy.as_ref());
    let tokens = tokens(ports, keys, terms, new.issuer, &session, &refresh)?;
    let actor = Actor { kind: "user".to_owned(), id: session.user.to_string(), credential_id: how.to_owned() };
    let audit =
        AuditEvent::pending_by(ports, session.organization, actor, "session.create", target(session.id), correlation);
    steps.extend([
        store::insert(&session, new.browser).into(),
        store::insert_refresh(&refresh, session.id, now, now.plus(terms.refresh)).into(),
        bulkhead_audit::begin(&audit.ended(Outcome::Succeeded)).into(),
    ]);
    ports.sql.batch(steps).await?;
    Ok(tokens)
}

/// What a session's client gets, now.
pub(super) fn tokens(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    issuer: &str,
    session: &Session,
    refresh: &OpaqueToken,
) -> Result<Tokens, InvalidSigningKey> {
    let grant = AccessGrant {
        issuer,
        audience: &session.audience,
        user: session.user,
        organization: session.organization,
        session: session.id,
        client: session.client_id.as_deref(),
        scopes: &session.scopes,
    };
    // No access token outlives its session.
    let expires_in = terms.access.min(session.expires_at.since(ports.now()));
    Ok(Tokens {
        session: session.id,
        organization: session.organization,
        access: keys.issue(ports, &grant, expires_in)?,
        expires_in,
        refresh: Secret::new(refresh.expose().to_owned()),
        scopes: session.scopes.clone(),
    })
}

/// A session as the audit trail names it.
pub(super) fn target(session: SessionId) -> Target {
    Target { kind: "session".to_owned(), id: session.to_string() }
}
