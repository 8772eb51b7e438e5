//! The proof that an account's address is its owner's.

use bulkhead_audit::Target;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Denied, Permission, Ports};

use crate::mail::{post, verification_letter};
use crate::one_time::{self, VERIFICATION_FOR};
use crate::opaque::{OpaqueToken, Purpose};
use crate::sealing::IdentityKey;
use crate::store;
use crate::trail::{Act, entries};

const ACTION: &str = "email.verify";

/// Why an address is not proven.
#[derive(Debug, thiserror::Error)]
pub enum VerifyEmailError {
    /// The token is not, or no longer, good.
    #[error("the link was used before, or is too old; ask for another one")]
    Token,
    /// It was mailed to another account's address. Whoever reads the mail of an account that they did not make proves nothing for
    /// whoever did.
    #[error("the link is for another account than the one that you are signed in with; sign in with that one")]
    OtherAccount,
    /// Only somebody who signed in proves their address.
    #[error("sign in to prove your address; a key or a client can't")]
    SignInRequired,
    /// The caller's credential is not good for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What mails a link that proves an address: to be written with whatever made the address the user's.
#[must_use]
pub fn verification_steps(ports: &Ports, key: &IdentityKey, public_url: &str, user: UserId, email: &str) -> Vec<Step> {
    let (token, now) = (OpaqueToken::generate(Purpose::EmailVerification, ports.entropy.as_ref()), ports.now());
    let letter = verification_letter(email, public_url, &token);
    vec![
        one_time::discard(user, Purpose::EmailVerification).into(),
        one_time::insert(&token, Purpose::EmailVerification, (user, Some(email)), now, VERIFICATION_FOR).into(),
        post(ports, key, &letter, now.plus(VERIFICATION_FOR)).into(),
    ]
}

/// Mails the caller another link, unless their address is proven.
///
/// # Errors
/// [`VerifyEmailError`].
pub async fn request_email_verification(
    ports: &Ports,
    key: &IdentityKey,
    public_url: &str,
    caller: &Caller,
) -> Result<(), VerifyEmailError> {
    caller.may(Permission::ManageProfile)?;
    let user = store::find_user(ports.sql.as_ref(), caller.user).await?;
    let unproven = user.filter(|user| user.email_verified_at.is_none()).and_then(|user| user.email);
    if let Some(email) = unproven {
        ports.sql.batch(verification_steps(ports, key, public_url, caller.user, &email)).await?;
    }
    Ok(())
}

/// The address to which the token was mailed is proven, if it is still that of the caller, who has signed in: that they have both
/// the account and the mail is the proof. The mail alone would prove a stranger's account for them, who made it with the address.
///
/// # Errors
/// [`VerifyEmailError`].
pub async fn verify_email(
    ports: &Ports,
    caller: &Caller,
    token: &str,
    correlation: &CorrelationId,
) -> Result<(), VerifyEmailError> {
    let act = bulkhead_audit::Act::new(ports, caller, ACTION, Target::new("user", caller.user), correlation);
    act.admit(Permission::ManageProfile).await?;
    if !crate::signed_in(ports, caller).await? {
        act.refuse(VerifyEmailError::SignInRequired).await?;
        return Err(VerifyEmailError::SignInRequired);
    }
    let now = ports.now();
    let token = OpaqueToken::parse(Purpose::EmailVerification, token).map_err(|_| VerifyEmailError::Token)?;
    let found = one_time::find(ports.sql.as_ref(), &token, Purpose::EmailVerification, now).await?;
    let found = found.ok_or(VerifyEmailError::Token)?;
    if found.user != caller.user {
        act.refuse(VerifyEmailError::OtherAccount).await?;
        return Err(VerifyEmailError::OtherAccount);
    }
    let email = found.subject.ok_or(VerifyEmailError::Token)?;
    let mut steps = vec![one_time::spend(&token, now), store::verify_email(found.user, &email, now).expecting(1)];
    let credential = caller.credential.id();
    let act = Act { action: ACTION, credential: &credential, refused: None };
    steps.extend(entries(ports, found.user, act, correlation).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) || error.is_unexpected_rows_at(1) => Err(VerifyEmailError::Token),
        Err(error) => Err(error.into()),
    }
}
