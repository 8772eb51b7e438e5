//! Signing in with e-mail address and password.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports, Secret};

use crate::email::EmailAddress;
use crate::model::{Membership, User};
use crate::password::{PasswordCheck, PasswordCost, PasswordError, check_password, hash_password};
use crate::store;
use crate::throttle::{Attempt, CredentialLimits, Exceeded, Limit, Locked, leave_no_mark, take};
use crate::trail::{Act, entries};

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Address or password is wrong. Which of the two, nobody is told.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// The user belongs to no organisation, or not to the one that was named.
    #[error("you belong to no such organization")]
    NoOrganization,
    /// The account was tried too often.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// Too many wrong passwords.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What somebody presents who wants to sign in.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Who they say they are.
    pub email: &'a EmailAddress,
    /// How they prove it.
    pub password: &'a Secret,
    /// The address from which they do.
    pub address: Option<&'a str>,
}

/// The person with this address and password. It takes as long when there is none. Whoever tries too often waits.
///
/// # Errors
/// [`SignInError`].
pub async fn check_credentials(
    ports: &Ports,
    presented: Presented<'_>,
    cost: PasswordCost,
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<User, SignInError> {
    let Presented { email, password, address } = presented;
    let database = ports.sql.as_ref();
    let attempt = Attempt::of(ports, email, address).await?;
    take(ports, limits, Limit::SignInAccount, attempt.subject()).await?;
    attempt.begin(ports, &limits.lockout).await?;
    let user = store::find_user_by_email(database, email).await?;
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let check = check_password(password, stored, cost, ports.entropy.as_ref())?;
    match (user, check) {
        (Some(user), PasswordCheck::Right) => {
            database.execute(attempt.succeeded()).await?;
            Ok(user)
        }
        (Some(mut user), PasswordCheck::RightButWeak) => {
            let mut steps: Vec<Step> = vec![attempt.succeeded().into()];
            if let Some(before) = &user.password_hash {
                let hash = hash_password(password, cost, ports.entropy.as_ref())?;
                // Nothing is lost when somebody else changed it meanwhile.
                steps.push(store::replace_password_hash(user.id, before, &hash).into());
                user.password_hash = Some(hash);
            }
            database.batch(steps).await?;
            Ok(user)
        }
        (user @ None, _) | (user, PasswordCheck::Wrong) => {
            note_wrong_password(ports, user.as_ref(), correlation).await?;
            Err(SignInError::Wrong)
        }
    }
}

/// Tells the user's organisations. For nobody's address something is written as well, so that neither takes longer.
async fn note_wrong_password(ports: &Ports, user: Option<&User>, correlation: &CorrelationId) -> Result<(), SqlError> {
    // Nobody's id has no memberships: the same question.
    let id = user.map_or_else(|| ports.new_id(), |user| user.id);
    let act = Act { action: "session.create", credential: "password", refused: Some("the password is wrong") };
    let entries = entries(ports, id, act, correlation).await?;
    let steps = if entries.is_empty() { vec![leave_no_mark(ports).into()] } else { entries };
    ports.sql.batch(steps).await.map(drop)
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
    let memberships = store::memberships_of(ports.sql.as_ref(), user.id, store::By::Length).await?;
    let mut chosen = memberships.into_iter().filter(|(_, place)| organization.is_none_or(|slug| place.slug == slug));
    chosen.next().map(|(membership, _)| membership).ok_or(SignInError::NoOrganization)
}
