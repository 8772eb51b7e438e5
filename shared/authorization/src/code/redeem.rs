//! A code → tokens (RFC 6749, section 4.1.3).

use bulkhead_identity::{
    NewSession, OpaqueToken, OpenError, Purpose, SessionOrigin, SessionTerms, SigningKeys, Tokens, end_granted_session,
    find_membership, open_session_as,
};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports};

use super::store;
use crate::client::Client;
use crate::error::{Code, Failure, OAuthError};
use crate::grant::GrantType;
use crate::parameters::Parameters;
use crate::pkce;

/// Opens the session that a user has granted this client. A code that comes again has been copied, so the session that came
/// of its first use ends (RFC 6749, section 4.1.2).
///
/// # Errors
/// [`Failure`].
#[expect(clippy::too_many_arguments, reason = "each is another thing that a token depends on")]
pub async fn redeem_code(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    issuer: &str,
    client: &Client,
    form: &Parameters,
    origin: SessionOrigin,
    correlation: &CorrelationId,
) -> Result<Tokens, Failure> {
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(OAuthError::new(Code::UnauthorizedClient, "the client is not registered for this grant").into());
    }
    let (code, verifier) = (form.required("code")?, form.required("code_verifier")?);
    let redirect_uri = form.required("redirect_uri")?;
    let code = OpaqueToken::parse(Purpose::AuthorizationCode, code).map_err(|_| OAuthError::invalid_grant())?;
    let found = store::find(ports.sql.as_ref(), &code).await?.ok_or_else(OAuthError::invalid_grant)?;
    if found.used {
        end(ports, &found, correlation).await?;
        return Err(OAuthError::invalid_grant().into());
    }
    let now = ports.now();
    let bound = found.client_id == client.id && found.redirect_uri == redirect_uri && now < found.expires_at;
    if !bound || !pkce::proves(verifier, &found.code_challenge) {
        return Err(OAuthError::invalid_grant().into());
    }
    if form.all("resource").any(|resource| resource != found.audience) {
        return Err(OAuthError::new(Code::InvalidTarget, "the code was not granted for this resource").into());
    }
    let membership = find_membership(ports, found.user, found.organization).await?;
    let membership = membership.ok_or_else(OAuthError::invalid_grant)?;
    let session = ports.new_id();
    let use_code = store::use_code(&code, &found, session, now);
    let new = NewSession {
        membership: &membership,
        issuer,
        audience: &found.audience,
        scopes: found.scopes,
        client: Some(&client.id),
        origin,
        browser: None,
    };
    let steps = vec![use_code.expecting(1)];
    match open_session_as(ports, keys, terms, session, new, "authorization code", steps, correlation).await {
        Ok(tokens) => Ok(tokens),
        // Somebody else used it since it was read: there are two who have it.
        Err(OpenError::Sql(error)) if error.is_unexpected_rows_at(0) => {
            if let Some(found) = store::find(ports.sql.as_ref(), &code).await? {
                end(ports, &found, correlation).await?;
            }
            Err(OAuthError::invalid_grant().into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn end(ports: &Ports, found: &store::Found, correlation: &CorrelationId) -> Result<(), SqlError> {
    let Some(session) = found.session else { return Ok(()) };
    let reason = "the authorization code was used before; the session was ended";
    end_granted_session(ports, session, "oauth.token", reason, correlation).await
}
