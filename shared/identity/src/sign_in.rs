//! Signing in with e-mail address and password.

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Secret};

use crate::email::EmailAddress;
use crate::model::{Membership, User};
use crate::password::{PasswordCheck, PasswordCost, PasswordError, check_password, hash_password};
use crate::store;

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Address or password is wrong. Which of the two, nobody is told.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// The user belongs to no organisation, or not to the one that was named.
    #[error("you belong to no such organization")]
    NoOrganization,
    /// A password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The person with this address and password. It takes as long when there is none.
///
/// # Errors
/// [`SignInError`].
pub async fn check_credentials(
    ports: &Ports,
    email: &EmailAddress,
    password: &Secret,
    cost: PasswordCost,
) -> Result<User, SignInError> {
    let database = ports.sql.as_ref();
    let user = store::find_user_by_email(database, email).await?;
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let check = check_password(password, stored, cost, ports.entropy.as_ref())?;
    let user = user.ok_or(SignInError::Wrong)?;
    match (check, &user.password_hash) {
        (PasswordCheck::Wrong, _) | (_, None) => Err(SignInError::Wrong),
        (PasswordCheck::Right, Some(_)) => Ok(user),
        (PasswordCheck::RightButWeak, Some(before)) => {
            let hash = hash_password(password, cost, ports.entropy.as_ref())?;
            // Nothing is lost when somebody else changed it meanwhile.
            database.execute(store::replace_password_hash(user.id, before, &hash)).await?;
            Ok(user)
        }
    }
}

/// Where a user acts: in the organisation of this slug, or in the one to which they have belonged longest.
///
/// # Errors
/// [`SignInError::NoOrganization`] when there is none.
pub async fn choose_membership(
    ports: &Ports,
    user: &User,
    organization: Option<&str>,
) -> Result<Membership, SignInError> {
    let memberships = store::memberships_of(ports.sql.as_ref(), user.id).await?;
    let mut chosen =
        memberships.into_iter().filter(|(_, slug)| organization.is_none_or(|organization| slug == organization));
    chosen.next().map(|(membership, _)| membership).ok_or(SignInError::NoOrganization)
}
