//! Getting a second factor, and getting rid of it.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Denied, Permission, Ports, Secret};

use super::codes::{TotpSecret, recovery_codes, recovery_hash};
use super::sign_in::use_code;
use super::store;
use crate::email::EmailAddress;
use crate::mail::{Notice, Notices, tell};
use crate::password::PasswordCost;
use crate::sealing::{IdentityKey, Unreadable};
use crate::sign_in::{Presented, SignInError, check_credentials};
use crate::store as users;
use crate::throttle::{CredentialLimits, Exceeded, Limit, take};
use crate::trail::{Act, entries};

/// Why a second factor stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SecondFactorError {
    /// The user has one.
    #[error("you have a second factor; disable it first")]
    Exists,
    /// The user has none, or none that waits for its first code.
    #[error("you have no second factor for this; enrol one first")]
    Missing,
    /// The code is wrong, or was used before.
    #[error("the code is wrong, too old, or was used before")]
    Code,
    /// It was tried too often.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// The password is wrong, or was tried too often.
    #[error(transparent)]
    Password(#[from] SignInError),
    /// The caller's credential is not good for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its secret can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What an authenticator is told. It is shown once.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base 32.
    pub secret: Secret,
    /// The same as an address that authenticators read from a QR code.
    pub url: Secret,
}

/// What a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorStatus {
    /// Whether signing in takes a code.
    pub enabled: bool,
    /// Recovery codes that were not used.
    pub recovery_codes: i64,
}

/// Whether the caller has a second factor.
///
/// # Errors
/// [`SecondFactorError`].
pub async fn second_factor_status(ports: &Ports, caller: &Caller) -> Result<SecondFactorStatus, SecondFactorError> {
    caller.may(Permission::ManageProfile)?;
    let database = ports.sql.as_ref();
    let enabled = store::find(database, caller.user).await?.is_some_and(|factor| factor.confirmed);
    Ok(SecondFactorStatus { enabled, recovery_codes: store::recovery_left(database, caller.user).await? })
}

/// The caller with their password: a credential alone, which may be a stolen one, changes no second factor.
pub(super) async fn check_password(
    ports: &Ports,
    caller: &Caller,
    (password, address): (&Secret, Option<&str>),
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<EmailAddress, SecondFactorError> {
    let user = users::find_user(ports.sql.as_ref(), caller.user).await?;
    let email = user.and_then(|user| user.email).and_then(|email| email.parse::<EmailAddress>().ok());
    let email = email.ok_or(SignInError::Wrong)?;
    let presented = Presented { email: &email, password, address };
    check_credentials(ports, presented, PasswordCost::default(), limits, correlation).await?;
    Ok(email)
}

/// A new secret, which asks for codes once it is confirmed.
///
/// # Errors
/// [`SecondFactorError`].
pub async fn enrol_second_factor(
    ports: &Ports,
    key: &IdentityKey,
    caller: &Caller,
    password: (&Secret, Option<&str>),
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<Enrolment, SecondFactorError> {
    crate::admit_to_own(ports, caller, "second_factor.enrol", correlation).await?;
    let email = check_password(ports, caller, password, limits, correlation).await?;
    let secret = TotpSecret::generate(ports.entropy.as_ref());
    let sealed = secret.seal(key, caller.user, ports.entropy.as_ref());
    match ports.sql.batch(vec![store::put_unconfirmed(caller.user, sealed, ports.now())]).await {
        Ok(_) => {}
        Err(error) if error.is_unexpected_rows_at(0) => return Err(SecondFactorError::Exists),
        Err(error) => return Err(error.into()),
    }
    let base32 = secret.base32();
    let account: String = email.as_str().bytes().map(encode).collect();
    let url = format!("otpauth://totp/Bulkhead:{account}?secret={}&issuer=Bulkhead", base32.expose());
    Ok(Enrolment { secret: base32, url: Secret::new(url) })
}

/// A byte of an address's path (RFC 3986, section 2.1).
fn encode(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The first code shows that the authenticator has the secret; from now on signing in takes one. The recovery codes are told
/// once.
///
/// # Errors
/// [`SecondFactorError`].
pub async fn confirm_second_factor(
    ports: &Ports,
    key: &IdentityKey,
    caller: &Caller,
    code: &Secret,
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<Vec<Secret>, SecondFactorError> {
    crate::admit_to_own(ports, caller, "second_factor.enable", correlation).await?;
    take(ports, limits, Limit::SecondFactorAccount, &caller.user.to_string()).await?;
    let factor = store::find(ports.sql.as_ref(), caller.user).await?.filter(|factor| !factor.confirmed);
    let factor = factor.ok_or(SecondFactorError::Missing)?;
    let (user, now) = (caller.user, ports.now());
    let secret = TotpSecret::open(key, user, &factor.sealed)?;
    let step = secret.step_of(code.expose(), now).ok_or(SecondFactorError::Code)?;
    let codes = recovery_codes(ports.entropy.as_ref());
    let mut steps: Vec<Step> = vec![store::confirm(user, factor.sealed, step, now)];
    let hashes = codes.iter().filter_map(|code| recovery_hash(code.expose()));
    steps.extend(hashes.map(|hash| store::insert_recovery(user, hash, now).into()));
    let credential = caller.credential.id();
    let act = Act { action: "second_factor.enable", credential: &credential, refused: None };
    steps.extend(entries(ports, user, act, correlation).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(codes),
        Err(error) if error.is_unexpected_rows_at(0) => Err(SecondFactorError::Missing),
        Err(error) => Err(error.into()),
    }
}

/// Signing in takes no code any more. It takes password and code, or a recovery code.
///
/// # Errors
/// [`SecondFactorError`].
pub async fn disable_second_factor(
    ports: &Ports,
    notices: &Notices<'_>,
    caller: &Caller,
    (password, address, code): (&Secret, Option<&str>, &Secret),
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<(), SecondFactorError> {
    crate::admit_to_own(ports, caller, "second_factor.disable", correlation).await?;
    check_password(ports, caller, (password, address), limits, correlation).await?;
    take(ports, limits, Limit::SecondFactorAccount, &caller.user.to_string()).await?;
    let factor = store::find(ports.sql.as_ref(), caller.user).await?.filter(|factor| factor.confirmed);
    let factor = factor.ok_or(SecondFactorError::Missing)?;
    let secret = TotpSecret::open(notices.key, caller.user, &factor.sealed)?;
    let mut steps = vec![use_code(&secret, caller.user, code, ports.now()).ok_or(SecondFactorError::Code)?];
    steps.extend(store::remove(caller.user).map(Step::from));
    let credential = caller.credential.id();
    let act = Act { action: "second_factor.disable", credential: &credential, refused: None };
    steps.extend(entries(ports, caller.user, act, correlation).await?);
    steps.extend(tell(ports, notices, caller.user, Notice::SecondFactorDisabled).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(SecondFactorError::Code),
        Err(error) => Err(error.into()),
    }
}
