//! The second step of signing in.

use std::time::Duration;

use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Ports, Secret, Timestamp};

use super::codes::{TotpSecret, recovery_hash};
use super::store;
use crate::model::User;
use crate::one_time;
use crate::opaque::{OpaqueToken, Purpose};
use crate::sealing::{IdentityKey, Unreadable};
use crate::sign_in::SignInError;
use crate::store as users;
use crate::throttle::{CredentialLimits, Exceeded, Limit, take};
use crate::trail::{Act, entries};

/// How long whoever has given a password may take to find their authenticator.
const CHALLENGE_FOR: Duration = Duration::from_secs(5 * 60);

/// What somebody gets who has given the right password, and has to give a code.
#[derive(Debug)]
pub struct Challenge {
    /// What they present with the code.
    pub token: Secret,
    /// For how long.
    pub expires_in: Duration,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SecondFactorSignInError {
    /// The challenge is not, or no longer, good.
    #[error("this took too long; sign in again")]
    Challenge,
    /// The code is wrong, or was used before.
    #[error("the code is wrong, too old, or was used before")]
    Code,
    /// Codes were tried too often.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// The secret can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A challenge for somebody who has proven who they are by `how`, such as `password`; nothing when that is enough.
///
/// # Errors
/// [`SignInError`], when their password was replaced meanwhile.
pub async fn challenge_if_needed(ports: &Ports, user: &User, how: &str) -> Result<Option<Challenge>, SignInError> {
    if !store::find(ports.sql.as_ref(), user.id).await?.is_some_and(|factor| factor.confirmed) {
        return Ok(None);
    }
    let token = OpaqueToken::generate(Purpose::SecondFactor, ports.entropy.as_ref());
    let insert = one_time::insert(&token, Purpose::SecondFactor, (user.id, Some(how)), ports.now(), CHALLENGE_FOR);
    let steps =
        vec![users::hold_password(user), one_time::discard(user.id, Purpose::SecondFactor).into(), insert.into()];
    match ports.sql.batch(steps).await {
        Err(error) if error.is_unexpected_rows_at(0) => return Err(SignInError::Wrong),
        done => done.map(drop)?,
    }
    Ok(Some(Challenge { token: Secret::new(token.expose().to_owned()), expires_in: CHALLENGE_FOR }))
}

/// The user of a challenge, who has given a right code, and how they have proven who they are. The code and the challenge are
/// used up.
///
/// # Errors
/// [`SecondFactorSignInError`]. A wrong code leaves the challenge good.
pub async fn answer_challenge(
    ports: &Ports,
    key: &IdentityKey,
    challenge: &Secret,
    code: &Secret,
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<(User, String), SecondFactorSignInError> {
    use SecondFactorSignInError as Error;
    let (database, now) = (ports.sql.as_ref(), ports.now());
    let token = OpaqueToken::parse(Purpose::SecondFactor, challenge.expose()).map_err(|_| Error::Challenge)?;
    let found = one_time::find(database, &token, Purpose::SecondFactor, now).await?.ok_or(Error::Challenge)?;
    take(ports, limits, Limit::SecondFactorAccount, &found.user.to_string()).await?;
    let user = users::find_user(database, found.user).await?.ok_or(Error::Challenge)?;
    let factor = store::find(database, user.id).await?.filter(|factor| factor.confirmed).ok_or(Error::Challenge)?;
    let secret = TotpSecret::open(key, user.id, &factor.sealed)?;
    let used = match use_code(&secret, user.id, code, now) {
        None => false,
        Some(code) => match database.batch(vec![code, one_time::spend(&token, now)]).await {
            Ok(_) => true,
            Err(error) if error.is_unexpected_rows_at(0) => false,
            Err(error) if error.is_unexpected_rows_at(1) => return Err(Error::Challenge),
            Err(error) => return Err(error.into()),
        },
    };
    if used {
        let how = found.subject.unwrap_or_default();
        return Ok((user, format!("{how} and code")));
    }
    let act = Act { action: "session.create", credential: "second factor", refused: Some("the code is wrong") };
    database.batch(entries(ports, user.id, act, correlation).await?).await?;
    Err(Error::Code)
}

/// What takes a code, of the authenticator or for recovery, once; nothing when it is none of now.
pub(super) fn use_code(secret: &TotpSecret, user: UserId, code: &Secret, now: Timestamp) -> Option<Step> {
    if let Some(hash) = recovery_hash(code.expose()) {
        return Some(store::use_recovery(user, hash, now));
    }
    secret.step_of(code.expose().trim(), now).map(|step| store::use_step(user, step))
}
