//! What the vault has for a connector. It is read for every call and kept nowhere.

use bulkhead_execution::{JobError, JobErrorKind};
use bulkhead_kernel::id::OrganizationId;

use super::Worker;
use crate::sandbox::{BoundCredential, Connector};

impl Worker {
    /// The organisation's credentials for a connector; none, without a look, for one that asks for none.
    ///
    /// # Errors
    /// A [`JobError`] when one of them can't be opened. Why is in the log.
    pub(super) async fn credentials(
        &self,
        organization: OrganizationId,
        connector: &Connector,
    ) -> Result<Vec<BoundCredential>, JobError> {
        if connector.credential_bindings().is_empty() {
            return Ok(Vec::new());
        }
        let slug = &connector.entry().slug;
        match self.0.vault.credentials(organization, slug).await {
            Ok(found) => Ok(found.into_iter().map(|(name, value)| BoundCredential { name, value }).collect()),
            Err(error) => {
                tracing::error!(connector = %slug, %error, "a connector's credentials could not be read");
                let message =
                    format!("the credentials of {slug} can't be read; the operator finds the reason in the log");
                Err(JobError::new(JobErrorKind::CredentialInvalid, message))
            }
        }
    }
}
