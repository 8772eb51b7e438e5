//! A key's successor.

use std::time::Duration;

use bulkhead_audit::Act;
use bulkhead_kernel::id::ApiKeyId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Credential, Fault, Ports};

use super::bounds::Bounds;
use super::create::{IssuedKey, check_lifetime};
use super::model::{ApiKey, KeyTerms};
use super::token::ApiKeyToken;
use super::{KeyError, admit_making, reach, store, target};
use crate::holding::{CredentialEnded, hold_credential, is_credential_ended};

/// How to rotate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation {
    /// How long the old key goes on working: seconds.
    pub grace_seconds: Option<u64>,
    /// For how many days the new one works; as long as the old one was made for when absent.
    pub expires_in_days: Option<u32>,
}

/// Makes a key that may do the same as an old one, which ends after a time of grace: of the caller's own, or as an admin of a
/// service account's. Whoever has the new one acts for its user, so nobody rotates another person's. A key may rotate itself, for
/// no longer than it was made for.
///
/// # Errors
/// [`KeyError`].
pub async fn rotate_key(
    ports: &Ports,
    caller: &Caller,
    terms: &KeyTerms,
    id: ApiKeyId,
    rotation: Rotation,
    correlation: &CorrelationId,
) -> Result<IssuedKey, KeyError> {
    let act = Act::new(ports, caller, "api_key.rotate", target(id), correlation);
    let old = reach(ports, caller, &act, id).await?;
    if old.user != caller.user && !store::is_service_account(ports.sql.as_ref(), caller.organization, old.user).await? {
        act.refuse(KeyError::Foreign).await?;
        return Err(KeyError::Foreign);
    }
    admit_making(ports, caller, &act).await?;
    let now = ports.now();
    if !old.is_active(now) || old.replaced_by.is_some() {
        return Err(KeyError::Ended);
    }
    let mut faults = Vec::new();
    let grace = rotation.grace_seconds.map_or(terms.grace, Duration::from_secs);
    if grace > terms.longest_grace {
        let most = terms.longest_grace.as_secs();
        faults.push(Fault::new("/grace_seconds", format!("the old key goes on for at most {most} seconds")));
    }
    let before = old.expires_at.map(|expiry| expiry.since(old.created_at));
    let lifetime = check_lifetime(rotation.expires_in_days, terms, &mut faults).or(before);
    let expires_at = lifetime.map(|lifetime| now.plus(lifetime));
    let itself = matches!(caller.credential, Credential::ApiKey(own) if own == id);
    if itself && before.is_some_and(|before| lifetime.is_none_or(|lifetime| lifetime > before)) {
        faults.push(Fault::new("/expires_in_days", "a key rotates itself for no longer than it was made for"));
    }
    if !itself && faults.is_empty() {
        faults = Bounds::of(ports, caller).await?.faults(&old.scopes, old.networks.as_ref(), expires_at);
        if !faults.is_empty() {
            act.refuse("the key would be more than the credential that makes it").await?;
        }
    }
    if !faults.is_empty() {
        return Err(KeyError::Invalid(faults));
    }
    let token = ApiKeyToken::generate(ports.entropy.as_ref());
    let key = ApiKey {
        id: ports.new_id(),
        prefix: token.prefix().to_owned(),
        hash: token.hash(),
        created_at: now,
        expires_at,
        last_used_at: None,
        last_used_from: None,
        ..old
    };
    let mut steps: Vec<Step> = hold_credential(caller, now).into();
    steps.extend([
        store::insert(&key).into(),
        store::replace(caller.organization, id, key.id, now, now.plus(grace)).expecting(1),
        act.done(),
    ]);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(IssuedKey { key, token }),
        Err(error) if is_credential_ended(&error) => Err(CredentialEnded.into()),
        Err(error) if error.is_unexpected_rows_at(3) => Err(KeyError::Ended),
        Err(error) => Err(error.into()),
    }
}
