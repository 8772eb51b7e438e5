//! Making a key.

use std::time::Duration;

use bulkhead_audit::Act;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Fault, Permission, Ports, Scope, Scopes};

use super::bounds::Bounds;
use super::model::{ApiKey, KeyTerms};
use super::networks::{InvalidNetwork, Networks};
use super::token::ApiKeyToken;
use super::{KeyError, admit_making, store, target};
use crate::holding::{CredentialEnded, hold_credential, is_credential_ended};
use crate::text;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name, for people.
    pub name: String,
    /// For whom: a service account, or the caller when absent.
    pub user: Option<UserId>,
    /// What it may do; when absent, everything that the caller's credential was granted.
    pub scopes: Option<Vec<Scope>>,
    /// From where it works, in CIDR notation; anywhere when absent.
    pub networks: Option<Vec<String>>,
    /// For how many days.
    pub expires_in_days: Option<u32>,
}

/// A key that was made. The token is kept nowhere.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    /// What is kept.
    pub key: ApiKey,
    /// The key itself.
    pub token: ApiKeyToken,
}

/// Makes a key for the caller, or as an admin for a service account.
///
/// # Errors
/// [`KeyError`].
pub async fn create_key(
    ports: &Ports,
    caller: &Caller,
    terms: &KeyTerms,
    new: NewKey,
    correlation: &CorrelationId,
) -> Result<IssuedKey, KeyError> {
    let id = ports.new_id();
    let act = Act::new(ports, caller, "api_key.create", target(id), correlation);
    let user = new.user.unwrap_or(caller.user);
    if user == caller.user {
        act.admit(Permission::ManageApiKeys).await?;
    } else {
        act.admit(Permission::ManageServiceAccounts).await?;
        if !store::is_service_account(ports.sql.as_ref(), caller.organization, user).await? {
            return Err(KeyError::UnknownUser);
        }
    }
    admit_making(ports, caller, &act).await?;
    let now = ports.now();
    let mut faults = Vec::new();
    text::check_name("/name", &new.name, &mut faults);
    let scopes = new.scopes.map_or_else(|| caller.scopes.clone(), |scopes| Scopes::Only(scopes.into_iter().collect()));
    if matches!(&scopes, Scopes::Only(scopes) if scopes.is_empty()) {
        faults.push(Fault::new("/scopes", "a key without a scope is good for nothing; name one, or leave it out"));
    }
    let networks = new.networks.and_then(|texts| check_networks(&texts, terms, &mut faults));
    let lifetime = check_lifetime(new.expires_in_days, terms, &mut faults).unwrap_or(terms.lifetime);
    let expires_at = Some(now.plus(lifetime));
    if faults.is_empty() {
        faults = Bounds::of(ports, caller).await?.faults(&scopes, networks.as_ref(), expires_at);
        if !faults.is_empty() {
            act.refuse("the key would be more than the credential that makes it").await?;
        }
    }
    if !faults.is_empty() {
        return Err(KeyError::Invalid(faults));
    }
    let token = ApiKeyToken::generate(ports.entropy.as_ref());
    let key = ApiKey {
        id,
        organization: caller.organization,
        user,
        name: new.name,
        prefix: token.prefix().to_owned(),
        hash: token.hash(),
        scopes,
        networks,
        created_at: now,
        expires_at,
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        last_used_from: None,
    };
    let mut steps: Vec<Step> = hold_credential(caller, now).into();
    steps.extend([store::insert(&key).into(), act.done()]);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(IssuedKey { key, token }),
        Err(error) if is_credential_ended(&error) => Err(CredentialEnded.into()),
        Err(error) => Err(error.into()),
    }
}

fn check_networks(texts: &[String], terms: &KeyTerms, faults: &mut Vec<Fault>) -> Option<Networks> {
    if !(1..=terms.networks).contains(&texts.len()) {
        let most = terms.networks;
        faults.push(Fault::new("/networks", format!("name from 1 to {most} blocks, or leave it out for any address")));
        return None;
    }
    let parsed = Networks::parse(texts.iter().map(String::as_str));
    let wrong = |place: usize| Fault::new(format!("/networks/{place}"), InvalidNetwork.to_string());
    parsed.map_err(|places| faults.extend(places.into_iter().map(wrong))).ok()
}

/// How long a key is to last, if that was said.
pub(super) fn check_lifetime(days: Option<u32>, terms: &KeyTerms, faults: &mut Vec<Fault>) -> Option<Duration> {
    let lifetime = Duration::from_secs(u64::from(days?) * 24 * 60 * 60);
    if lifetime.is_zero() || lifetime > terms.longest {
        let most = terms.longest.as_secs() / (24 * 60 * 60);
        faults.push(Fault::new("/expires_in_days", format!("a key lasts from 1 to {most} days")));
    }
    Some(lifetime)
}
