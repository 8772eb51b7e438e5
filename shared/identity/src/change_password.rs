//! Another password, by whoever knows the one before.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Credential, Denied, Fault, Ports, Secret};

use crate::email::EmailAddress;
use crate::mail::{Notice, Notices, tell};
use crate::one_time;
use crate::opaque::Purpose;
use crate::password::{PasswordCost, PasswordError, hash_password};
use crate::password_rules::check_new_password;
use crate::sessions::store as sessions;
use crate::sign_in::{Presented, SignInError, check_credentials};
use crate::store;
use crate::throttle::CredentialLimits;
use crate::trail::{Act, entries};

/// Why the password stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The new one is not taken.
    #[error("the new password is not taken")]
    Invalid(Vec<Fault>),
    /// The one before is wrong, or was tried too often.
    #[error(transparent)]
    Current(#[from] SignInError),
    /// The caller's credential is not good for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It can't be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The passwords of a change.
#[derive(Clone, Copy, Debug)]
pub struct PasswordChange<'a> {
    /// The one before.
    pub current: &'a Secret,
    /// The new one.
    pub new: &'a Secret,
    /// The address from which it is changed.
    pub address: Option<&'a str>,
    /// How the user is told.
    pub notices: Notices<'a>,
}

/// Gives the caller another password, and ends all their sessions but the one that asks, and sign-ins that wait for a code. Wrong
/// ones are counted as at sign-in. `further` is what features that identity does not know do in the same batch.
///
/// # Errors
/// [`ChangePasswordError`]; then nothing was changed.
pub async fn change_password(
    ports: &Ports,
    caller: &Caller,
    change: PasswordChange<'_>,
    cost: PasswordCost,
    limits: &CredentialLimits,
    further: Vec<Step>,
    correlation: &CorrelationId,
) -> Result<(), ChangePasswordError> {
    crate::admit_to_own(ports, caller, "password.change", correlation).await?;
    let user = store::find_user(ports.sql.as_ref(), caller.user).await?.ok_or(SignInError::Wrong)?;
    let email = user.email.as_deref().and_then(|email| email.parse::<EmailAddress>().ok()).ok_or(SignInError::Wrong)?;
    let presented = Presented { email: &email, password: change.current, address: change.address };
    let user = check_credentials(ports, presented, cost, limits, correlation).await?;
    check_new_password(change.new.expose(), &[&user.name, email.as_str()]).map_err(|weak| {
        ChangePasswordError::Invalid(vec![Fault { pointer: "/new_password".to_owned(), message: weak.to_string() }])
    })?;
    let hash = hash_password(change.new, cost, ports.entropy.as_ref())?;
    let (now, credential) = (ports.now(), caller.credential.id());
    let spared = match caller.credential {
        Credential::Session(session) => Some(session),
        Credential::ApiKey(_) | Credential::Token(_) => None,
    };
    // Whoever has chosen another one meanwhile has the last word.
    let mut steps: Vec<Step> = vec![store::hold_password(&user), store::set_password(user.id, &hash, now).expecting(1)];
    // Before the sessions: what is being fetched now becomes one of them, or nothing.
    steps.extend(further);
    steps.extend([
        one_time::discard(user.id, Purpose::SecondFactor).into(),
        sessions::revoke_others(user.id, spared, now).into(),
        one_time::discard(user.id, Purpose::PasswordReset).into(),
    ]);
    let act = Act { action: "password.change", credential: &credential, refused: None };
    steps.extend(entries(ports, user.id, act, correlation).await?);
    steps.extend(tell(ports, &change.notices, user.id, Notice::PasswordChanged).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(SignInError::Wrong.into()),
        Err(error) => Err(error.into()),
    }
}
