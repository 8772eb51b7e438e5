//! What subscribers are told: that a list has changed, or that a resource is worth reading again.
//!
//! Only subscribers of this process learn of it, which is what MCP's subscriptions promise: a hint, not a delivery.

use bulkhead_kernel::id::OrganizationId;
use tokio::sync::broadcast;

/// Changes that a slow subscriber may be behind before it misses some.
const CAPACITY: usize = 256;

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The tools, prompts and resources that are offered, to everybody.
    Catalogue,
    /// A resource, as this organisation reads it.
    Resource {
        /// The tenant.
        organization: OrganizationId,
        /// Its address.
        uri: String,
    },
}

/// Where changes are told and heard.
#[derive(Clone, Debug)]
pub struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

impl Changes {
    /// Tells everybody who listens.
    pub fn tell(&self, change: Change) {
        // An error says that nobody does.
        let _ = self.0.send(change);
    }

    /// Hears what is told from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}
