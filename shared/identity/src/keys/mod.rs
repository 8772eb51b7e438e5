//! API keys: what programs act with.
//!
//! `token` is what a key looks like, `model` what is kept of it, `networks` from where it may be used; then a file for each
//! verb. A key is made within the bounds of the credential that makes it (`bounds`): no key can widen itself.

mod bounds;
mod create;
mod list;
mod model;
mod networks;
mod revoke;
mod rotate;
pub(crate) mod store;
mod token;

pub(crate) use bounds::is_unbounded;
pub use create::{IssuedKey, NewKey, create_key};
pub use list::{KeysOf, list_keys};
pub use model::{ApiKey, KeyTerms};
pub use networks::{InvalidNetwork, Networks};
pub use revoke::revoke_key;
pub use rotate::{Rotation, rotate_key};
pub use token::{ApiKeyToken, InvalidApiKey};

use bulkhead_audit::{Act, Target};
use bulkhead_kernel::id::ApiKeyId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Credential, Denied, Fault, Permission, Ports, Role};

use crate::holding::CredentialEnded;

/// Why a key is not made, told or ended.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none that the caller may see.
    #[error("there is no API key of this id that you may see; GET /v1/api-keys lists yours")]
    Unknown,
    /// It is another person's, for whom whoever had its successor could act.
    #[error("a person's key is rotated by themselves alone; revoke it, and let them make another one")]
    Foreign,
    /// What was granted to a client ends with that, and leaves no key behind.
    #[error("sign in to make a key, or use a key; what was granted to a client makes none")]
    SignInRequired,
    /// What was to make a key has ended since the request came in.
    #[error(transparent)]
    CredentialEnded(#[from] CredentialEnded),
    /// The organisation has no such service account.
    #[error("a key is for yourself or a service account of your organization; this id is neither")]
    UnknownUser,
    /// The key has expired, or was revoked or rotated.
    #[error("the API key has ended; make a new one")]
    Ended,
    /// What was asked for makes no sense, or is more than the caller's credential may. Each fault points into the body.
    #[error("the API key can't be made as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A key as the audit trail names it.
fn target(id: ApiKeyId) -> Target {
    Target::new("api_key", id)
}

/// The key of this id, if the caller may act on it: on their own, or as an admin. To others it does not exist.
async fn reach(ports: &Ports, caller: &Caller, act: &Act<'_>, id: ApiKeyId) -> Result<ApiKey, KeyError> {
    let found = store::find(ports.sql.as_ref(), caller.organization, id).await?;
    let others = found.as_ref().is_some_and(|key| key.user != caller.user) && caller.role >= Role::Admin;
    act.admit(if others { Permission::ManageServiceAccounts } else { Permission::ManageApiKeys }).await?;
    found.filter(|key| others || key.user == caller.user).ok_or(KeyError::Unknown)
}

/// Lets whoever signed in make a key, and keys, which do so within their bounds; records the refusal of everybody else.
async fn admit_making(ports: &Ports, caller: &Caller, act: &Act<'_>) -> Result<(), KeyError> {
    if matches!(caller.credential, Credential::ApiKey(_)) || crate::signed_in(ports, caller).await? {
        return Ok(());
    }
    act.refuse(KeyError::SignInRequired).await?;
    Err(KeyError::SignInRequired)
}
