//! A user whom somebody else has identified → [`Caller`].

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{AccessToken, Caller, Credential, Ports, Scope, Scopes};

use crate::email::EmailAddress;
use crate::store;

/// Why a token makes no caller, though it is valid.
#[derive(Debug, thiserror::Error)]
pub enum ActAsError {
    /// Nobody has the address, or has proven that it is theirs.
    #[error("no user has proven to have the e-mail address that the token's subject is bound to")]
    NoUser,
    /// The user belongs to several organisations, and nothing says which of them is meant.
    #[error("the user whose e-mail address the token's subject is bound to belongs to several organisations")]
    SeveralOrganizations,
    /// It could not be looked up.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The caller for a token that was verified, as the one user with this e-mail address. Whoever calls this has bound the
/// token's subject to the address, so it has to be proven to be the user's: anybody can sign up with it.
///
/// # Errors
/// [`ActAsError`] unless there is exactly one such user.
pub async fn act_as(ports: &Ports, email: &str, token: AccessToken) -> Result<Caller, ActAsError> {
    let email = email.parse::<EmailAddress>().map_err(|_| ActAsError::NoUser)?;
    let mut memberships = store::find_memberships_by_email(ports.sql.as_ref(), &email).await?;
    match (memberships.pop(), memberships.is_empty()) {
        (None, _) => Err(ActAsError::NoUser),
        (Some(_), false) => Err(ActAsError::SeveralOrganizations),
        (Some(membership), true) => Ok(Caller {
            organization: membership.organization,
            user: membership.user,
            role: membership.role,
            // Another issuer's scopes are its own words; its tokens open the MCP endpoint alone.
            scopes: Scopes::Only([Scope::Tools].into()),
            credential: Credential::Token(token),
        }),
    }
}
