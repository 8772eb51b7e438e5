//! The connectors that can be called at the moment.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::install::Installed;

/// The set of installed connectors, which may be replaced while it is used. Whoever took the set, or a connector of it,
/// keeps that one: a call ends in the version in which it began. Cheap to clone; every clone is the same set.
#[derive(Clone)]
pub struct LiveConnectors(Arc<ArcSwap<Installed>>);

impl LiveConnectors {
    /// Begins with these.
    #[must_use]
    pub fn new(installed: Installed) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(installed)))
    }

    /// The set as it is now.
    #[must_use]
    pub fn current(&self) -> Arc<Installed> {
        self.0.load_full()
    }

    /// From now on these.
    pub(crate) fn replace(&self, installed: Installed) {
        self.0.store(Arc::new(installed));
    }
}
