//! What a call proves itself with: the account that its user has connected, or else what the vault has for the connector. It
//! is read for every call and kept nowhere.

use bulkhead_connections::Connection;
use bulkhead_execution::{JobError, JobErrorKind, NewEvent};
use bulkhead_kernel::id::OrganizationId;

use super::Worker;
use crate::connections::Use;
use crate::sandbox::{BoundCredential, Connector, RunReport};

/// What a call proves itself with, and what its job's events say of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) credentials: Vec<BoundCredential>,
    pub(super) event: Option<NewEvent>,
    pub(super) account: Option<Account>,
}

/// The connected account among the credentials.
#[derive(Debug)]
pub(super) struct Account {
    credential: String,
    connection: Connection,
}

impl Worker {
    /// The call's credentials: its user's own account where there is one, the organisation's for the connector for the
    /// rest. Nothing, without a look, for a connector that asks for none.
    ///
    /// # Errors
    /// A [`JobError`] when one of them can't be used. Why is in the log, or for its user to change.
    pub(super) async fn credentials(&self, call: Use<'_>, connector: &Connector) -> Result<Found, JobError> {
        if connector.credential_bindings().is_empty() {
            return Ok(Found::default());
        }
        let account = self.0.connections.account(call, connector).await?;
        let mut credentials = self.shared(call.organization, connector).await?;
        let Some(account) = account else { return Ok(Found { credentials, ..Found::default() }) };
        let name = account.credential.name.clone();
        credentials.retain(|credential| credential.name != name);
        credentials.push(account.credential);
        let used = Account { credential: name, connection: account.connection };
        Ok(Found { credentials, event: Some(account.event), account: Some(used) })
    }

    /// Sees to the account if the service has refused it.
    pub(super) async fn look_after(
        &self,
        Account { credential, connection }: Account,
        call: Use<'_>,
        connector: &Connector,
        report: &mut RunReport,
    ) {
        if report.refused.contains(&credential) {
            self.0.connections.refused(&connection, connector, call.correlation, report).await;
        }
    }

    /// What the operator has set for a connector.
    async fn shared(
        &self,
        organization: OrganizationId,
        connector: &Connector,
    ) -> Result<Vec<BoundCredential>, JobError> {
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
