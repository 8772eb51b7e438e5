//! The connectors that can be called at the moment.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::Serialize;

use super::install::Installed;

/// The set of installed connectors, which may be replaced while it is used. Whoever took the set, or a connector of it,
/// keeps that one: a call ends in the version in which it began. Cheap to clone; every clone is the same set.
#[derive(Clone)]
pub struct LiveConnectors {
    installed: Arc<ArcSwap<Installed>>,
    waiting: Arc<ArcSwap<Vec<WaitingVersion>>>,
}

/// A version of a connector that is not used, because it asks for more than what was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingVersion {
    /// The connector.
    pub slug: String,
    /// The version.
    pub version: String,
}

impl LiveConnectors {
    /// Begins with these.
    #[must_use]
    pub fn new(installed: Installed) -> Self {
        Self { installed: Arc::new(ArcSwap::from_pointee(installed)), waiting: Arc::default() }
    }

    /// The set as it is now.
    #[must_use]
    pub fn current(&self) -> Arc<Installed> {
        self.installed.load_full()
    }

    /// From now on these.
    pub(crate) fn replace(&self, installed: Installed) {
        self.installed.store(Arc::new(installed));
    }

    /// The versions that wait for an approval, by slug.
    #[must_use]
    pub fn waiting(&self) -> Arc<Vec<WaitingVersion>> {
        self.waiting.load_full()
    }

    /// From now on these wait.
    pub(crate) fn replace_waiting(&self, waiting: Vec<WaitingVersion>) {
        self.waiting.store(Arc::new(waiting));
    }
}
