//! A user whom somebody else has identified → [`Caller`].

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{AccessToken, Caller, Credential, Ports};

use crate::store;

/// Why a token makes no caller, though it is valid.
#[derive(Debug, thiserror::Error)]
pub enum ActAsError {
    /// Nobody has the address.
    #[error("no user has the e-mail address that the token's subject is bound to")]
    NoUser,
    /// Users of several organisations have it, and nothing says which of them is meant.
    #[error("users of several organisations have the e-mail address that the token's subject is bound to")]
    SeveralUsers,
    /// It could not be looked up.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The caller for a token that was verified, as the one user with this e-mail address. Whoever calls this has bound the
/// token's subject to the address.
///
/// # Errors
/// [`ActAsError`] unless there is exactly one such user.
pub async fn act_as(ports: &Ports, email: &str, token: AccessToken) -> Result<Caller, ActAsError> {
    let mut users = store::find_users_by_email(ports.sql.as_ref(), email).await?;
    match (users.pop(), users.is_empty()) {
        (None, _) => Err(ActAsError::NoUser),
        (Some(_), false) => Err(ActAsError::SeveralUsers),
        (Some((organization, user, role)), true) => {
            Ok(Caller { organization, user, role, credential: Credential::Token(token) })
        }
    }
}
