//! What a request turned out to lack while it was answered.

use std::sync::{Arc, OnceLock};

use bulkhead_execution::{Refusal, SubmitError};

use crate::worker::CallError;

/// The scope that a request lacks. Which tool is called is known only after the body was read, and whether it is allowed
/// after the tool was found; the refusal has been recorded by then. This carries it back to the door, which answers with
/// 403 unless the answer has begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScopeGap(Arc<OnceLock<String>>);

impl ScopeGap {
    /// Notes the scope that a call lacks, if that is why it was refused.
    pub(crate) fn note(&self, error: &CallError) {
        if let CallError::Submit(SubmitError::Refused(Refusal::InsufficientScope(scope))) = error {
            // The first one is as good as any: there is one scope for changing something.
            let _ = self.0.set(scope.clone());
        }
    }

    /// The scope.
    pub(crate) fn missing(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}
