//! Looking after one's passkeys.

use bulkhead_audit::{Act, Target};
use bulkhead_kernel::id::PasskeyId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use super::model::Passkey;
use super::register::session_of;
use super::{PasskeyError, store};
use crate::identities;
use crate::store::hold_user;
use crate::text;
use crate::trail::{self, entries};
use crate::ways_in::identity_that_opens;

/// The caller's own passkeys, newest first.
///
/// # Errors
/// [`PasskeyError`].
pub async fn list_passkeys(ports: &Ports, caller: &Caller, page: &PageRequest) -> Result<Page<Passkey>, PasskeyError> {
    caller.may(Permission::ManageProfile)?;
    let rows = store::list(ports.sql.as_ref(), caller.user, page).await?;
    Ok(Page::from_rows(rows, page.limit, |passkey| passkey.id.to_string()))
}

/// Calls a passkey of the caller's something else.
///
/// # Errors
/// [`PasskeyError`].
pub async fn rename_passkey(
    ports: &Ports,
    caller: &Caller,
    id: PasskeyId,
    name: &str,
    correlation: &CorrelationId,
) -> Result<Passkey, PasskeyError> {
    let act = Act::new(ports, caller, "passkey.rename", Target::new("passkey", id), correlation);
    session_of(ports, caller, &act).await?;
    let mut faults = Vec::new();
    text::check_name("/name", name, &mut faults);
    if !faults.is_empty() {
        return Err(PasskeyError::Invalid(faults));
    }
    match ports.sql.batch(vec![store::rename(caller.user, id, name), act.done()]).await {
        Ok(_) => store::find(ports.sql.as_ref(), caller.user, id).await?.ok_or(PasskeyError::Unknown),
        Err(error) if error.is_unexpected_rows_at(0) => Err(PasskeyError::Unknown),
        Err(error) => Err(error.into()),
    }
}

/// Forgets a passkey of the caller's, unless they could not sign in without it. `providers` are the issuers by which one can
/// sign in here.
///
/// # Errors
/// [`PasskeyError`].
pub async fn delete_passkey(
    ports: &Ports,
    caller: &Caller,
    id: PasskeyId,
    providers: &[&str],
    correlation: &CorrelationId,
) -> Result<(), PasskeyError> {
    let act = Act::new(ports, caller, "passkey.delete", Target::new("passkey", id), correlation);
    session_of(ports, caller, &act).await?;
    let opens = identity_that_opens(&identities::list(ports.sql.as_ref(), caller.user).await?, None, providers);
    let mut steps: Vec<Step> = vec![hold_user(caller.user).expecting(1), store::delete(caller.user, id, &opens)];
    let credential = caller.credential.id();
    let done = trail::Act { action: "passkey.delete", credential: &credential, refused: None };
    steps.extend(entries(ports, caller.user, done, correlation).await?);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(PasskeyError::Unknown),
        Err(error) if error.is_unexpected_rows_at(1) => {
            if store::find(ports.sql.as_ref(), caller.user, id).await?.is_none() {
                return Err(PasskeyError::Unknown);
            }
            act.refuse(PasskeyError::LastWay).await?;
            Err(PasskeyError::LastWay)
        }
        Err(error) => Err(error.into()),
    }
}
