//! Restrictions as a process has them in its memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::SqlError;

use super::model::Restrictions;
use super::store;

/// Restrictions, and the digest by which the database knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// What is taken away.
    pub restrictions: Restrictions,
    /// The SHA-256 of it, as it is stored.
    pub digest: String,
}

/// What a process last saw of restrictions. Another process may have changed them since, so whoever goes by it lets the
/// database compare the digest ([`digest_in_force`](super::digest_in_force)) in the write that depends on it, and reads
/// again when that is refused: an exact answer, without a question of its own for every call. It has no more
/// entries than there ever were restrictions.
#[derive(Debug, Default)]
pub struct KnownRestrictions(Mutex<HashMap<OrganizationId, HashMap<String, Arc<InForce>>>>);

impl KnownRestrictions {
    /// What was seen last; `None` when that was nothing.
    #[must_use]
    pub fn get(&self, organization: OrganizationId, connector: &str) -> Option<Arc<InForce>> {
        self.lock().get(&organization)?.get(connector).cloned()
    }

    /// What there is now.
    ///
    /// # Errors
    /// [`SqlError`] when it can't be read.
    pub async fn read_again(
        &self,
        ports: &Ports,
        organization: OrganizationId,
        connector: &str,
    ) -> Result<Option<Arc<InForce>>, SqlError> {
        let now = store::find(ports.sql.as_ref(), organization, connector).await?.map(Arc::new);
        let mut known = self.lock();
        match &now {
            Some(in_force) => {
                known.entry(organization).or_default().insert(connector.to_owned(), in_force.clone());
            }
            None => {
                if let Some(connectors) = known.get_mut(&organization) {
                    connectors.remove(connector);
                    if connectors.is_empty() {
                        known.remove(&organization);
                    }
                }
            }
        }
        Ok(now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrganizationId, HashMap<String, Arc<InForce>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
