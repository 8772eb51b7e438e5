//! Another password, by whoever gets the account's mail.

use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{CorrelationId, Fault, Ports, Secret};

use crate::email::EmailAddress;
use crate::mail::{Notice, Notices, post, reset_letter, reset_link, tell};
use crate::model::UserKind;
use crate::one_time::{self, RESET_FOR};
use crate::opaque::{OpaqueToken, Purpose};
use crate::password::{PasswordCost, PasswordError, hash_password};
use crate::password_rules::check_new_password;
use crate::sealing::IdentityKey;
use crate::sessions::store as sessions;
use crate::store;
use crate::throttle::{Attempt, leave_no_mark};
use crate::trail::{Act, entries};
use crate::ways_in;

/// Why there is no new password.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// The token is not, or no longer, good.
    #[error("the link was used before, or is too old; ask for another one")]
    Token,
    /// The password is not taken. The token stays good.
    #[error("the new password is not taken")]
    Invalid(Vec<Fault>),
    /// It can't be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Mails a link to whoever has this address. Nobody is told whether anybody does: something is written either way.
///
/// # Errors
/// [`SqlError`].
pub async fn request_password_reset(
    ports: &Ports,
    key: &IdentityKey,
    public_url: &str,
    email: &EmailAddress,
) -> Result<(), SqlError> {
    let user = store::find_user_by_email(ports.sql.as_ref(), email).await?;
    let steps = match user.filter(|user| user.kind == UserKind::Person) {
        None => vec![leave_no_mark(ports).into()],
        Some(user) => {
            let (token, now) = (OpaqueToken::generate(Purpose::PasswordReset, ports.entropy.as_ref()), ports.now());
            let letter = reset_letter(email.as_str(), public_url, &token);
            let bound = (user.id, Some(email.as_str()));
            vec![
                one_time::discard(user.id, Purpose::PasswordReset).into(),
                one_time::insert(&token, Purpose::PasswordReset, bound, now, RESET_FOR).into(),
                post(ports, key, &letter, now.plus(RESET_FOR)).into(),
            ]
        }
    };
    ports.sql.batch(steps).await.map(drop)
}

/// A link to choose a password with, for whoever operates the installation and tells the person. It proves no address.
///
/// # Errors
/// [`SqlError`].
pub async fn make_reset_link(
    ports: &Ports,
    public_url: &str,
    email: &EmailAddress,
    operator: &str,
    correlation: &CorrelationId,
) -> Result<Option<Secret>, SqlError> {
    let user = store::find_user_by_email(ports.sql.as_ref(), email).await?;
    let Some(user) = user.filter(|user| user.kind == UserKind::Person) else { return Ok(None) };
    let token = OpaqueToken::generate(Purpose::PasswordReset, ports.entropy.as_ref());
    let mut steps: Vec<Step> = vec![
        one_time::discard(user.id, Purpose::PasswordReset).into(),
        one_time::insert(&token, Purpose::PasswordReset, (user.id, None), ports.now(), RESET_FOR).into(),
    ];
    let act = Act { action: "password.reset_link", credential: operator, refused: None };
    steps.extend(entries(ports, user.id, act, correlation).await?);
    ports.sql.batch(steps).await?;
    Ok(Some(reset_link(public_url, &token)))
}

/// Whose password is set, for features that end something with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordReset {
    /// Whose.
    pub user: UserId,
    /// Whether the mail proves the address for the first time: whoever made the account may be somebody else, who waits for the
    /// address's owner to come.
    pub first_proof: bool,
}

/// Sets the password of the account to which the token was mailed, and ends all its sessions, and sign-ins that wait for a code.
/// Where nobody had proven the address before, whatever else opens the account ends too: second factor, passkeys, identities and
/// keys; and what brings whoever made it back: invitations that they gave, and the keys of service accounts where nobody else is
/// an owner. `further` is what features that identity does not know do in the same batch.
///
/// # Errors
/// [`ResetPasswordError`]; then nothing was changed.
pub async fn reset_password(
    ports: &Ports,
    token: &str,
    new: &Secret,
    cost: PasswordCost,
    notices: &Notices<'_>,
    further: impl FnOnce(PasswordReset) -> Vec<Step>,
    correlation: &CorrelationId,
) -> Result<(), ResetPasswordError> {
    let (database, now) = (ports.sql.as_ref(), ports.now());
    let token = OpaqueToken::parse(Purpose::PasswordReset, token).map_err(|_| ResetPasswordError::Token)?;
    let found = one_time::find(database, &token, Purpose::PasswordReset, now).await?;
    let found = found.ok_or(ResetPasswordError::Token)?;
    let user = store::find_user(database, found.user).await?.ok_or(ResetPasswordError::Token)?;
    let email = user.email.as_deref().and_then(|email| email.parse::<EmailAddress>().ok());
    let email = email.ok_or(ResetPasswordError::Token)?;
    // Mailed to an address that is no longer the account's.
    if found.subject.as_deref().is_some_and(|subject| subject != email.as_str()) {
        return Err(ResetPasswordError::Token);
    }
    check_new_password(new.expose(), &[&user.name, email.as_str()]).map_err(|weak| {
        ResetPasswordError::Invalid(vec![Fault { pointer: "/new_password".to_owned(), message: weak.to_string() }])
    })?;
    let hash = hash_password(new, cost, ports.entropy.as_ref())?;
    let first_proof = found.subject.is_some() && user.email_verified_at.is_none();
    let mut steps = vec![one_time::spend(&token, now), store::set_password(user.id, &hash, now).expecting(1)];
    // Before the sessions: what is being fetched now becomes one of them, or nothing.
    steps.extend(further(PasswordReset { user: user.id, first_proof }));
    steps.extend([
        one_time::discard(user.id, Purpose::SecondFactor).into(),
        sessions::revoke_others(user.id, None, now).into(),
        one_time::discard(user.id, Purpose::PasswordReset).into(),
        Attempt::of_strangers(&email).succeeded().into(),
    ]);
    if found.subject.is_some() {
        steps.push(store::verify_email(user.id, email.as_str(), now).into());
    }
    if first_proof {
        let ended = ways_in::end_all(user.id, now).into_iter().chain(ways_in::end_ways_back(user.id, now));
        steps.extend(ended.map(Step::from));
    }
    let act = Act { action: "password.reset", credential: "mail", refused: None };
    steps.extend(entries(ports, user.id, act, correlation).await?);
    steps.extend(tell(ports, notices, user.id, Notice::PasswordChanged).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(ResetPasswordError::Token),
        Err(error) => Err(error.into()),
    }
}
