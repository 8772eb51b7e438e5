//! Credential → [`Caller`].

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Credential, Ports};

use crate::key::ApiKeyToken;
use crate::store;

/// Why a credential makes no caller.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is not a key, or not one of ours, or expired, or revoked. Which of these is for the log, not the caller.
    #[error("the credential is not valid: {0}")]
    Invalid(&'static str),
    /// It could not be looked up.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Finds out who presents this bearer credential.
///
/// # Errors
/// [`AuthenticateError::Invalid`] for every credential that doesn't work.
pub async fn authenticate(ports: &Ports, bearer: &str) -> Result<Caller, AuthenticateError> {
    let token = ApiKeyToken::parse(bearer).map_err(|_| AuthenticateError::Invalid("not an API key"))?;
    let found = store::find_by_prefix(ports.sql.as_ref(), token.prefix()).await?;
    let (key, role) = found.ok_or(AuthenticateError::Invalid("no key has this prefix"))?;
    if !token.matches(&key.hash) {
        return Err(AuthenticateError::Invalid("the key's secret does not match"));
    }
    if !key.is_active(ports.now()) {
        return Err(AuthenticateError::Invalid("the key is expired or revoked"));
    }
    Ok(Caller { organization: key.organization, user: key.user, role, credential: Credential::ApiKey(key.id) })
}
