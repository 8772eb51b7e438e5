//! A browser's session, by its cookie.

use bulkhead_kernel::{Caller, Credential, Ports};

use super::store;
use crate::authenticate::AuthenticateError;
use crate::opaque::{OpaqueToken, Purpose};

/// Finds out whose browser presents this cookie, while the session goes on and its user belongs to its organisation.
///
/// # Errors
/// [`AuthenticateError::Invalid`] for every cookie that doesn't work.
pub async fn authenticate_browser(ports: &Ports, cookie: &str) -> Result<Caller, AuthenticateError> {
    let token = OpaqueToken::parse(Purpose::Browser, cookie)
        .map_err(|_| AuthenticateError::Invalid("the cookie is not one of ours"))?;
    let found = store::find_by_cookie(ports.sql.as_ref(), &token, ports.now()).await?;
    let found = found.ok_or(AuthenticateError::Invalid("the cookie's session has ended, or its user has left"))?;
    Ok(Caller {
        organization: found.organization,
        user: found.user,
        role: found.role,
        scopes: found.scopes,
        credential: Credential::Session(found.session),
    })
}
