//! What a key can be at most: as much as the credential that makes it.

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Credential, Fault, Ports, Scopes, Timestamp};

use super::networks::Networks;
use super::store;

/// What a credential may do, from where, and until when.
pub(super) struct Bounds {
    scopes: Scopes,
    networks: Option<Networks>,
    expires_at: Option<Timestamp>,
}

impl Bounds {
    /// Those of the caller's credential. Only a key has more than scopes: what was granted to a client makes no keys.
    pub(super) async fn of(ports: &Ports, caller: &Caller) -> Result<Self, SqlError> {
        let scopes = caller.scopes.clone();
        let Credential::ApiKey(id) = caller.credential else {
            return Ok(Self { scopes, networks: None, expires_at: None });
        };
        let key = store::find(ports.sql.as_ref(), caller.organization, id).await?;
        Ok(match key {
            Some(key) => Self { scopes, networks: key.networks, expires_at: key.expires_at },
            // It is gone since it was authenticated.
            None => Self { scopes: Scopes::Only([].into()), networks: None, expires_at: None },
        })
    }

    /// An expiry is no such bound: while it lasts, the key is as much as its user.
    fn are_none(&self) -> bool {
        self.scopes == Scopes::Everything && self.networks.is_none()
    }

    /// What of this key is more than that; nothing for one that may be made.
    pub(super) fn faults(
        &self,
        scopes: &Scopes,
        networks: Option<&Networks>,
        expires_at: Option<Timestamp>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !scopes.within(&self.scopes) {
            faults.push(Fault::new("/scopes", "the credential that you use was not granted all of these"));
        }
        let placed = match (&self.networks, networks) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(networks)) => networks.within(own),
        };
        if !placed {
            faults.push(Fault::new("/networks", "the key that you use works from fewer addresses"));
        }
        let sooner = self.expires_at.is_none_or(|own| expires_at.is_some_and(|expiry| expiry <= own));
        if !sooner {
            faults.push(Fault::new("/expires_in_days", "the key that you use expires before"));
        }
        faults
    }
}

/// Whether the caller uses a key that is as much as its user: everything, from anywhere.
pub(crate) async fn is_unbounded(ports: &Ports, caller: &Caller) -> Result<bool, SqlError> {
    match caller.credential {
        Credential::ApiKey(_) => Ok(Bounds::of(ports, caller).await?.are_none()),
        Credential::Session(_) | Credential::Token(_) => Ok(false),
    }
}
