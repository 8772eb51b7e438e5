//! After a disconnection: tokens are revoked at the provider, and removed.

use std::time::Duration;

use bulkhead_connections::{Cleanup, TokenEndpoint, cleaned_up, due_for_cleanup, fields, postpone_cleanup};
use bulkhead_connectors::AuthType;
use bulkhead_kernel::CorrelationId;
use bulkhead_kernel::sql::SqlError;
use tokio_util::sync::CancellationToken;

use super::Connections;

/// Connections that are looked at in one go.
const BATCH: u32 = 20;

impl Connections {
    /// Looks for disconnected accounts, every now and then, until the process stops.
    pub(crate) async fn serve_cleanup(&self, stop: &CancellationToken) {
        let poll = Duration::from_millis(self.0.config.cleanup_poll_ms);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(poll) => {}
            }
            if let Err(error) = self.clean_up().await {
                tracing::error!(%error, "disconnected accounts could not be cleaned up");
            }
        }
    }

    pub(super) async fn clean_up(&self) -> Result<(), SqlError> {
        for cleanup in due_for_cleanup(&self.0.ports, BATCH).await? {
            // It is out of the way for a while, also when this process ends now.
            let attempts = u32::try_from(cleanup.attempts).unwrap_or(u32::MAX);
            let later = Duration::from_secs(30 * 2_u64.saturating_pow(attempts.min(8)));
            if postpone_cleanup(&self.0.ports, &cleanup, later).await? {
                self.clean_up_one(&cleanup, attempts + 1).await?;
            }
        }
        Ok(())
    }

    async fn clean_up_one(&self, cleanup: &Cleanup, attempt: u32) -> Result<(), SqlError> {
        let connection = &cleanup.connection;
        let fault = match self.revoke(cleanup).await {
            Ok(()) => None,
            Err(fault) if attempt < self.0.config.revoke_attempts && fault.again => {
                tracing::warn!(connection = %connection.id, reason = fault.code, "a token is not revoked yet");
                return Ok(());
            }
            Err(fault) => Some(fault.code),
        };
        let correlation = CorrelationId::accept(None, self.0.ports.entropy.as_ref());
        cleaned_up(&self.0.ports, connection, self.actor(), fault.as_deref(), &correlation).await?;
        tracing::info!(connection = %connection.id, fault, "a disconnected account's secrets are removed");
        Ok(())
    }

    async fn revoke(&self, cleanup: &Cleanup) -> Result<(), Fault> {
        let connection = &cleanup.connection;
        if connection.auth_type != AuthType::Oauth2 {
            return Ok(());
        }
        let secret = async |name| self.secret(connection, name).await.map_err(|_| Fault::again("unreadable"));
        let Some(access_token) = secret(fields::CREDENTIAL).await? else { return Ok(()) };
        let refresh_token = secret(fields::REFRESH_TOKEN).await?;
        let connector = bulkhead_connectors::get(&self.0.ports, connection.connector.as_str()).await;
        let connector = connector.map_err(|_| Fault::again("database"))?;
        let provider = connector.and_then(|connector| connector.oauth);
        // Whoever gave the tokens gets them back, and nobody else.
        let provider = provider.filter(|provider| provider.authority == connection.authority);
        let provider = provider.ok_or_else(|| Fault::forever("provider_gone"))?;
        if provider.revoke_url.is_none() {
            return Err(Fault::forever("provider_can_not_revoke"));
        }
        let client = self.0.clients.get(&provider.client).ok_or_else(|| Fault::again("no_client"))?;
        let endpoint = TokenEndpoint::new(&provider, client, self.0.http.as_ref(), self.0.config.http_limits());
        let revoked = endpoint.revoke(&access_token, refresh_token.as_ref()).await;
        revoked.map_err(|error| Fault::again(error.code()))
    }
}

/// Why a token is not revoked.
struct Fault {
    code: String,
    /// Whether trying again may help.
    again: bool,
}

impl Fault {
    fn again(code: &str) -> Self {
        Self { code: code.to_owned(), again: true }
    }

    fn forever(code: &str) -> Self {
        Self { code: code.to_owned(), again: false }
    }
}
