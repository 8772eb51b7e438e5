//! Linking an identity to the account of whoever is signed in.

use std::time::Duration;

use bulkhead_audit::Act;
use bulkhead_kernel::id::{SessionId, UserId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Credential, Denied, Permission, Ports, Secret};

use super::model::{ExternalPerson, Identity};
use super::recognise::new_identity;
use super::{store, target};
use crate::email::EmailAddress;
use crate::mail::{Notice, Notices, tell};
use crate::password::PasswordCost;
use crate::sessions::{find_session, store as sessions};
use crate::sign_in::{Presented, SignInError, check_credentials};
use crate::store as users;
use crate::throttle::CredentialLimits;
use crate::trail::{self, entries};

/// How long ago whoever has no password may have signed in: a session alone, which may be a stolen one, adds no way to sign
/// in.
const RECENTLY: Duration = Duration::from_secs(10 * 60);

/// Why an identity is not linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Only somebody who signed in does this, a short while ago if they have no password.
    #[error("this takes a sign-in of the last ten minutes; sign in again, and then link it")]
    SignInRequired,
    /// The account's address is not proven. Whoever it belongs to may come later, and must find nobody else's identity.
    #[error("verify the e-mail address of your account first")]
    AddressNotProven,
    /// Somebody else has it.
    #[error("this account is linked to another user")]
    Taken,
    /// The password is wrong, or was tried too often.
    #[error(transparent)]
    Password(#[from] SignInError),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Whether the caller may link an identity: the session by which they do, for [`link_identity`] later. A password is needed
/// where there is one; `address` is where it comes from.
///
/// # Errors
/// [`LinkError`]; what the caller is refused is recorded.
pub async fn may_link(
    ports: &Ports,
    caller: &Caller,
    (password, address): (Option<&Secret>, Option<&str>),
    limits: &CredentialLimits,
    correlation: &CorrelationId,
) -> Result<SessionId, LinkError> {
    let act = Act::new(ports, caller, "identity.link", target(caller.user), correlation);
    act.admit(Permission::ManageProfile).await?;
    let Credential::Session(session) = caller.credential else {
        act.refuse(LinkError::SignInRequired).await?;
        return Err(LinkError::SignInRequired);
    };
    let checked = async {
        if !crate::signed_in(ports, caller).await? {
            return Err(LinkError::SignInRequired);
        }
        let user = users::find_user(ports.sql.as_ref(), caller.user).await?.ok_or(LinkError::SignInRequired)?;
        let email = user.email.as_deref().filter(|_| user.email_verified_at.is_some());
        let email = email.and_then(|email| email.parse::<EmailAddress>().ok()).ok_or(LinkError::AddressNotProven)?;
        if user.password_hash.is_none() {
            let found = find_session(ports, session).await?.ok_or(LinkError::SignInRequired)?;
            let recent = found.created_at.plus(RECENTLY) > ports.now();
            return if recent { Ok(()) } else { Err(LinkError::SignInRequired) };
        }
        let password = password.ok_or(SignInError::Wrong)?;
        let presented = Presented { email: &email, password, address };
        check_credentials(ports, presented, PasswordCost::default(), limits, correlation).await?;
        Ok(())
    };
    match checked.await {
        Ok(()) => Ok(session),
        // Those of a wrong password are recorded already.
        Err(error @ (LinkError::SignInRequired | LinkError::AddressNotProven)) => {
            act.refuse(&error).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Links an identity to the user of a session that goes on: what [`may_link`] gave before they were sent to the provider.
///
/// # Errors
/// [`LinkError`].
pub async fn link_identity(
    ports: &Ports,
    (user, session): (UserId, SessionId),
    person: &ExternalPerson,
    notices: &Notices<'_>,
    correlation: &CorrelationId,
) -> Result<(), LinkError> {
    let database = ports.sql.as_ref();
    // Whoever has ended the session since then meant all that was begun in it.
    let found = find_session(ports, session).await?.filter(|found| found.user == user && found.client_id.is_none());
    let Some(found) = found else { return Err(LinkError::SignInRequired) };
    if let Some(identity) = store::find(database, &person.issuer, &person.subject).await? {
        return linked_already(ports, identity, user, correlation).await;
    }
    let email = users::find_user(database, user).await?.filter(|user| user.email_verified_at.is_some());
    let email = email.and_then(|user| user.email).ok_or(LinkError::AddressNotProven)?;
    let identity = new_identity(ports, user, person, false);
    let credential = session.to_string();
    let act = trail::Act { action: "identity.link", credential: &credential, refused: None };
    let goes_on = sessions::hold(found.organization, user, session, ports.now());
    let mut steps = vec![
        store::hold_proven(user, &email, ports.now()),
        goes_on.across_tenants("an identity is its user's, in every organisation").expecting(1),
        store::insert(&identity),
    ];
    steps.extend(entries(ports, user, act, correlation).await?);
    steps.extend(tell(ports, notices, user, Notice::IdentityLinked).await?);
    match database.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(LinkError::AddressNotProven),
        Err(error) if error.is_unexpected_rows_at(1) => Err(LinkError::SignInRequired),
        Err(error @ SqlError::UniqueViolation(_)) => {
            match store::find(database, &person.issuer, &person.subject).await? {
                Some(identity) => linked_already(ports, identity, user, correlation).await,
                None => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// It is somebody's: theirs, which is as well, or another's.
async fn linked_already(
    ports: &Ports,
    identity: Identity,
    user: UserId,
    correlation: &CorrelationId,
) -> Result<(), LinkError> {
    if identity.user == user {
        return Ok(());
    }
    let credential = format!("identity:{}", identity.provider);
    let refused = Some("it is linked to another user");
    let act = trail::Act { action: "identity.link", credential: &credential, refused };
    ports.sql.batch(entries(ports, user, act, correlation).await?).await?;
    Err(LinkError::Taken)
}
