//! What somebody does, from the question whether they may to its entry in the trail.

use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Denied, Permission, Ports};

use crate::model::{AuditEvent, Outcome, Target};

/// Why an act does not begin.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The caller may not. That is recorded.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The refusal could not be recorded.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Makes these errors of an [`AdmitError`]: each is made of its `Denied` and of an `SqlError`.
#[macro_export]
macro_rules! from_admit {
    ($($error:ty),* $(,)?) => {$(
        impl From<$crate::AdmitError> for $error {
            fn from(error: $crate::AdmitError) -> Self {
                match error {
                    $crate::AdmitError::Denied(denied) => denied.into(),
                    $crate::AdmitError::Sql(error) => error.into(),
                }
            }
        }
    )*};
}

/// A caller's act that one atomic write does whole.
#[derive(Clone)]
pub struct Act<'a> {
    ports: &'a Ports,
    caller: &'a Caller,
    correlation: &'a CorrelationId,
    action: &'static str,
    target: Target,
}

impl<'a> Act<'a> {
    /// What, such as `team.create`, to what, and with which request.
    #[must_use]
    pub fn new(
        ports: &'a Ports,
        caller: &'a Caller,
        action: &'static str,
        target: Target,
        correlation: &'a CorrelationId,
    ) -> Self {
        Self { ports, caller, correlation, action, target }
    }

    /// Lets whoever may go on; records the refusal of everybody else.
    ///
    /// # Errors
    /// [`AdmitError`].
    pub async fn admit(&self, permission: Permission) -> Result<(), AdmitError> {
        if let Err(denied) = self.caller.may(permission) {
            self.refuse(denied).await?;
            return Err(denied.into());
        }
        Ok(())
    }

    /// Records that it was refused.
    ///
    /// # Errors
    /// [`SqlError`] when that can't be recorded.
    pub async fn refuse(&self, reason: impl std::fmt::Display) -> Result<(), SqlError> {
        crate::record_refusal(self.ports, &self.event().refused(reason.to_string())).await
    }

    /// The entry of its success, for the batch that does it.
    #[must_use]
    pub fn done(&self) -> Step {
        crate::begin(&self.event().ended(Outcome::Succeeded)).into()
    }

    fn event(&self) -> AuditEvent {
        AuditEvent::pending(self.ports, self.caller, self.action, self.target.clone(), self.correlation)
    }
}
