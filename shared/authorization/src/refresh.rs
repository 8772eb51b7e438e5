//! The next access token of what was granted (RFC 6749, section 6).

use bulkhead_identity::{RefreshError, SessionTerms, SigningKeys, Tokens, find_refreshable, refresh_session};
use bulkhead_kernel::{CorrelationId, Ports};

use crate::client::Client;
use crate::error::{Code, Failure, OAuthError};
use crate::parameters::Parameters;
use crate::request::scopes;

/// Replaces a client's refresh token. What it gets is what was granted: less can be asked for, and is not given; more is
/// refused.
///
/// # Errors
/// [`Failure`].
pub async fn refresh(
    ports: &Ports,
    keys: &SigningKeys,
    terms: &SessionTerms,
    issuer: &str,
    client: &Client,
    form: &Parameters,
    correlation: &CorrelationId,
) -> Result<Tokens, Failure> {
    let presented = form.required("refresh_token")?;
    if let Some(session) = find_refreshable(ports, presented).await? {
        let same_client = session.client_id.as_deref() == Some(&client.id);
        if same_client && form.all("resource").any(|resource| resource != session.audience) {
            return Err(OAuthError::new(Code::InvalidTarget, "the token was not granted for this resource").into());
        }
        let asked = form.optional("scope")?.map(|_| scopes(form)).transpose()?.unwrap_or_default();
        if same_client && asked.iter().any(|scope| !session.scopes.contain(*scope)) {
            return Err(OAuthError::new(Code::InvalidScope, "this scope was not granted; ask the user again").into());
        }
    }
    let refreshed = refresh_session(ports, keys, terms, issuer, Some(&client.id), presented, correlation).await;
    refreshed.map_err(|error| match error {
        RefreshError::Unknown | RefreshError::Ended | RefreshError::Reused => OAuthError::invalid_grant().into(),
        RefreshError::Keys(error) => error.into(),
        RefreshError::Sql(error) => error.into(),
    })
}
