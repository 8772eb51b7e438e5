//! Taking an identity off an account.

use bulkhead_audit::Act;
use bulkhead_kernel::id::IdentityId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Denied, Permission, Ports};

use super::{store, target};
use crate::store::hold_user;
use crate::trail::{self, entries};
use crate::ways_in::identity_that_opens;

/// Why an identity stays.
#[derive(Debug, thiserror::Error)]
pub enum UnlinkError {
    /// The caller has no such identity.
    #[error("you have no identity of this id; GET /v1/auth/identities lists them")]
    Unknown,
    /// The caller could not sign in any more.
    #[error("it is your only way to sign in; choose a password by mail, or link another one first")]
    LastWay,
    /// Only somebody who signed in does this.
    #[error("this takes a sign-in; a key or a client can't do it")]
    SignInRequired,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Takes one of the caller's identities off their account: nobody signs in with it any more. `providers` are the issuers by
/// which one can sign in here; an identity of another one is no way to.
///
/// # Errors
/// [`UnlinkError`]; what the caller is refused is recorded.
pub async fn unlink_identity(
    ports: &Ports,
    caller: &Caller,
    identity: IdentityId,
    providers: &[&str],
    correlation: &CorrelationId,
) -> Result<(), UnlinkError> {
    let act = Act::new(ports, caller, "identity.unlink", target(caller.user), correlation);
    act.admit(Permission::ManageProfile).await?;
    if !crate::signed_in(ports, caller).await? {
        act.refuse(UnlinkError::SignInRequired).await?;
        return Err(UnlinkError::SignInRequired);
    }
    let all = store::list(ports.sql.as_ref(), caller.user).await?;
    if !all.iter().any(|one| one.id == identity) {
        return Err(UnlinkError::Unknown);
    }
    let opens = identity_that_opens(&all, Some(identity), providers);
    let credential = caller.credential.id();
    let told = trail::Act { action: "identity.unlink", credential: &credential, refused: None };
    let mut steps = vec![hold_user(caller.user).expecting(1), store::delete(caller.user, identity, &opens)];
    steps.extend(entries(ports, caller.user, told, correlation).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        // Or it has just gone by another request, which is as well.
        Err(error) if error.is_unexpected_rows_at(1) => {
            act.refuse(UnlinkError::LastWay).await?;
            Err(UnlinkError::LastWay)
        }
        Err(error) => Err(error.into()),
    }
}
