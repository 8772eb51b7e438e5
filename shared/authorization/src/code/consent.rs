//! What a user has decided.

use bulkhead_audit::{Actor, AuditEvent, Outcome, Target};
use bulkhead_identity::{OpaqueToken, Purpose, hold_credential, is_credential_ended};
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports};

use super::store;
use crate::client::mark_used;
use crate::error::{Code, OAuthError};
use crate::grant::Grantor;
use crate::policy::Policy;
use crate::request::{AuthorizationRequest, answer_error};

/// A request and who decides on it.
#[derive(Clone, Debug)]
pub struct Consent<'a> {
    /// What is asked for.
    pub request: &'a AuthorizationRequest,
    /// Who decides.
    pub grantor: &'a Grantor<'a>,
    /// Our own name: the public URL.
    pub issuer: &'a str,
}

/// The user grants what was asked for: gives the URL at which the client gets its code; `None` when they are signed out by now.
///
/// # Errors
/// [`SqlError`]; then nothing was granted.
pub async fn issue_code(
    ports: &Ports,
    policy: &Policy,
    consent: &Consent<'_>,
    correlation: &CorrelationId,
) -> Result<Option<String>, SqlError> {
    let (request, now) = (consent.request, ports.now());
    let code = OpaqueToken::generate(Purpose::AuthorizationCode, ports.entropy.as_ref());
    let mut steps: Vec<Step> = hold_credential(consent.grantor.caller, now).into();
    steps.extend([
        store::forget_expired(consent.grantor.membership.organization, now).into(),
        store::insert(&code, request, consent.grantor.membership, now, now.plus(policy.code)).into(),
        mark_used(&request.client.id, now).into(),
        bulkhead_audit::begin(&entry(ports, consent, correlation).ended(Outcome::Succeeded)).into(),
    ]);
    let across = |step: Step| step.across_tenants("a session in one organisation grants what is another's");
    match ports.sql.batch(steps.into_iter().map(across).collect()).await {
        Ok(_) => {}
        Err(error) if is_credential_ended(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    let state = request.state.as_deref().map(|state| ("state", state));
    let answer = [("code", code.expose())].into_iter().chain(state).chain([("iss", consent.issuer)]);
    Ok(Some(request.redirect_uri.with(answer)))
}

/// The user refuses: gives the URL at which the client is told.
///
/// # Errors
/// [`SqlError`] when the refusal can't be recorded.
pub async fn refuse_consent(
    ports: &Ports,
    consent: &Consent<'_>,
    correlation: &CorrelationId,
) -> Result<String, SqlError> {
    let event = entry(ports, consent, correlation).refused("the user did not grant it");
    bulkhead_audit::record_refusal(ports, &event).await?;
    let request = consent.request;
    let error = OAuthError::new(Code::AccessDenied, "the user did not grant it");
    Ok(answer_error(&request.redirect_uri, request.state.as_deref(), consent.issuer, &error))
}

fn entry(ports: &Ports, consent: &Consent<'_>, correlation: &CorrelationId) -> AuditEvent {
    let Consent { request, grantor, .. } = consent;
    let user = grantor.membership.user.to_string();
    let actor = Actor { kind: "user".to_owned(), id: user, credential_id: grantor.caller.credential.id() };
    let target = Target { kind: "oauth_client".to_owned(), id: request.client.id.clone() };
    AuditEvent::pending_by(ports, grantor.membership.organization, actor, "oauth.authorize", target, correlation)
}
