//! A session in another organisation.

use bulkhead_audit::{Act, Actor, AuditEvent, Outcome};
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Credential, Denied, Permission, Ports};

use super::model::{SessionTerms, Tokens};
use super::open::{target, tokens};
use super::store;
use crate::opaque::{OpaqueToken, Purpose};
use crate::store::{By, memberships_of};
use crate::token::{InvalidSigningKey, SigningKeys};

/// Why a session stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// It is no sign-in.
    #[error("only a sign-in acts in several organizations; a key or a client has one")]
    SignInRequired,
    /// The user does not belong there.
    #[error("you belong to no such organization")]
    NoOrganization,
    /// The caller's credential is not good for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No key signs access tokens.
    #[error(transparent)]
    Keys(#[from] InvalidSigningKey),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Lets the caller's session act in another organisation from now on. Its tokens until now are no longer good, since they
/// name the other one; a browser's cookie stays.
///
/// # Errors
/// [`SwitchError`]; then it goes on as it was.
pub async fn switch_session(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    issuer: &str,
    caller: &Caller,
    slug: &str,
    correlation: &CorrelationId,
) -> Result<Tokens, SwitchError> {
    let within = Act::new(ports, caller, "session.switch", crate::organization_target(caller), correlation);
    within.admit(Permission::ManageProfile).await?;
    let found = match caller.credential {
        Credential::Session(id) => store::find(ports.sql.as_ref(), caller, id).await?,
        _ => None,
    };
    let Some(mut session) = found.filter(|session| session.client_id.is_none()) else {
        within.refuse(SwitchError::SignInRequired).await?;
        return Err(SwitchError::SignInRequired);
    };
    let memberships = memberships_of(ports.sql.as_ref(), caller.user, By::Length).await?;
    let chosen = memberships.into_iter().find(|(_, organization)| organization.slug == slug);
    let (membership, _) = chosen.ok_or(SwitchError::NoOrganization)?;
    let (before, now) = (session.organization, ports.now());
    session.organization = membership.organization;
    let refresh = OpaqueToken::generate(Purpose::Refresh, ports.entropy.as_ref());
    let tokens = tokens(ports, keys, terms, issuer, &session, &refresh)?;
    let told = |organization| {
        let actor = Actor::user(caller);
        let event =
            AuditEvent::pending_by(ports, organization, actor, "session.switch", target(session.id), correlation);
        bulkhead_audit::begin(&event.ended(Outcome::Succeeded)).into()
    };
    let steps: Vec<Step> = vec![
        store::switch(&session, before, now).expecting(1),
        store::retire_refresh(session.id, now).into(),
        store::insert_refresh(&refresh, session.id, now, now.plus(terms.refresh)).into(),
        told(before),
        told(session.organization),
    ];
    let both = |step: Step| step.across_tenants("a session goes from one organisation to another");
    let steps = steps.into_iter().map(both).collect();
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(tokens),
        // It has ended, or gone elsewhere.
        Err(error) if error.is_unexpected_rows_at(0) => Err(SwitchError::SignInRequired),
        Err(error) => Err(error.into()),
    }
}
