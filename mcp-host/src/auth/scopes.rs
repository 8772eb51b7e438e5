//! What a request turned out to lack while it was answered.

use std::sync::{Arc, OnceLock};

use super::decide::Gate;

/// The scope that a request lacks. Which tool is called is known only after the body was read, and whether it is allowed
/// after the tool was found; the refusal has been recorded by then. This carries it back to the door, which answers with 403.
#[derive(Clone, Default)]
pub(crate) struct ScopeGap {
    missing: Arc<OnceLock<String>>,
    /// Knows what every request takes; nobody, where requests bring no credential.
    gate: Option<Arc<Gate>>,
}

impl ScopeGap {
    /// Of a request that came through this gate.
    pub(crate) fn of(gate: Arc<Gate>) -> Self {
        Self { missing: Arc::default(), gate: Some(gate) }
    }

    /// Notes the scope for want of which a call was refused, and gives all that it takes.
    pub(crate) fn note(&self, missing: &str) -> String {
        // The first one is as good as any: there is one scope for changing something.
        let _ = self.missing.set(missing.to_owned());
        self.gate.as_ref().map_or_else(|| missing.to_owned(), |gate| gate.resource().needed(Some(missing)))
    }

    /// The scope.
    pub(crate) fn missing(&self) -> Option<&str> {
        self.missing.get().map(String::as_str)
    }
}
