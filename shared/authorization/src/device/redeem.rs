//! A device code → tokens (RFC 8628, sections 3.4 and 3.5).

use bulkhead_identity::{
    NewSession, OpaqueToken, OpenError, Purpose, SessionOrigin, SessionTerms, SigningKeys, Tokens, find_membership,
    open_session,
};
use bulkhead_kernel::{CorrelationId, Ports};

use super::store::{self, Status};
use crate::client::Client;
use crate::error::{Code, Failure, OAuthError};
use crate::parameters::Parameters;
use crate::policy::Policy;

/// Opens the session that a user has granted this device, once they have.
///
/// # Errors
/// `authorization_pending` and `slow_down` while they have not, `access_denied`, `expired_token`; see [`Failure`].
#[expect(clippy::too_many_arguments, reason = "each is another thing that a token depends on")]
pub async fn redeem_device_code(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    policy: &Policy,
    issuer: &str,
    client: &Client,
    form: &Parameters,
    origin: SessionOrigin,
    correlation: &CorrelationId,
) -> Result<Tokens, Failure> {
    let code = form.required("device_code")?;
    let code = OpaqueToken::parse(Purpose::DeviceCode, code).map_err(|_| OAuthError::invalid_grant())?;
    let found = store::find(ports.sql.as_ref(), &code).await?.filter(|found| found.client_id == client.id);
    let found = found.ok_or_else(OAuthError::invalid_grant)?;
    let now = ports.now();
    if found.status == Status::Used {
        return Err(OAuthError::invalid_grant().into());
    }
    if found.expires_at <= now {
        return Err(OAuthError::new(Code::ExpiredToken, "the code has expired; start again").into());
    }
    if found.status == Status::Denied {
        return Err(OAuthError::new(Code::AccessDenied, "the user did not grant it").into());
    }
    // One of several that come at once gets to ask.
    if ports.sql.execute(store::poll(&code, now)).await? != 1 {
        ports.sql.execute(store::slow_down(&code, now, policy.device_interval)).await?;
        return Err(OAuthError::new(Code::SlowDown, "the device asks too often; wait five seconds longer").into());
    }
    let (Status::Approved, Some((user, organization))) = (found.status, found.grantor) else {
        return Err(OAuthError::new(Code::AuthorizationPending, "the user has not decided yet").into());
    };
    if form.all("resource").any(|resource| resource != found.audience) {
        return Err(OAuthError::new(Code::InvalidTarget, "the code was not granted for this resource").into());
    }
    let membership = find_membership(ports, user, organization).await?.ok_or_else(OAuthError::invalid_grant)?;
    let new = NewSession {
        membership: &membership,
        issuer,
        audience: &found.audience,
        scopes: found.scopes,
        client: Some(&client.id),
        origin,
        browser: None,
    };
    let steps = vec![store::use_code(&code, organization).expecting(1)];
    match open_session(ports, keys, terms, new, "device code", steps, correlation).await {
        Ok(tokens) => Ok(tokens),
        Err(OpenError::Sql(error)) if error.is_unexpected_rows_at(0) => Err(OAuthError::invalid_grant().into()),
        Err(error) => Err(error.into()),
    }
}
