//! Keeping a token fresh.
//!
//! Many calls find the same token expired at once, in one process and in several. One of them refreshes it; that is the one
//! that takes the connection's lease in the database, so a provider that rotates refresh tokens never sees one twice. The
//! others wait: in the same process at a lock, in others by looking again. A token that is still good is used meanwhile.

use std::time::Duration;

use bulkhead_connections::{
    Connection, Fresh, GrantedTokens, RefreshFault, RefreshLease, State, TokenEndpoint, TokenError, claim_refresh,
    expire, fields, read, record_refreshed, release_refresh,
};
use bulkhead_connectors::oauth::OauthProvider;
use bulkhead_execution::{JobError, JobErrorKind};
use bulkhead_kernel::CorrelationId;
use bulkhead_vault::VaultError as SecretError;
use tokio::time::Instant;

use super::{Connections, away};

/// How long a call waits before it looks again whether another process has refreshed.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// How often writing new tokens is tried while the database is away: without them the account would be lost.
const RECORD_ATTEMPTS: u32 = 6;

/// How long those attempts take together, at the most.
pub(super) const RECORD_PATIENCE: Duration = Duration::from_secs(30);

/// What became of trying to refresh.
pub(super) enum Tried {
    /// There is a new token, or the connection has changed otherwise: look again.
    Changed,
    /// Another process is at it.
    Busy,
    /// It can't be done now.
    NotNow(TokenError),
}

impl Connections {
    /// The connection with a token that can be used now.
    pub(super) async fn fresh(
        &self,
        mut connection: Connection,
        provider: &OauthProvider,
        correlation: &CorrelationId,
    ) -> Result<Connection, JobError> {
        // Whoever gave the tokens gets them back, and nobody else.
        if connection.authority != provider.authority {
            self.expire(&connection, "provider_changed", correlation).await?;
            return Err(self.expired(&connection));
        }
        let (ports, config) = (&self.0.ports, &self.0.config);
        let ahead = Duration::from_secs(config.refresh_ahead_seconds);
        let deadline = Instant::now() + Duration::from_secs(config.refresh_wait_seconds);
        let lock = self.lock_of(connection.id);
        let mut pause = FIRST_PAUSE;
        loop {
            match Fresh::of(&connection, ports.now(), ahead) {
                Fresh::Yes => return Ok(connection),
                Fresh::Dead => {
                    self.expire(&connection, "token_expired", correlation).await?;
                    return Err(self.expired(&connection));
                }
                Fresh::Soon => {
                    let Ok(_turn) = lock.try_lock() else { return Ok(connection) };
                    if let Tried::Busy | Tried::NotNow(_) = self.refresh(&connection, provider, correlation).await? {
                        return Ok(connection);
                    }
                }
                Fresh::No => {
                    let turn = tokio::time::timeout_at(deadline, lock.lock()).await;
                    let Ok(_turn) = turn else { return Err(unavailable(&connection, &being_refreshed("call"))) };
                    // Whoever had the turn before may have done it.
                    let now = self.look(&connection).await?;
                    if now.version == connection.version && now.state == connection.state {
                        match self.refresh(&connection, provider, correlation).await? {
                            Tried::Changed => {}
                            Tried::NotNow(error) => return Err(unavailable(&connection, &error)),
                            Tried::Busy if Instant::now() >= deadline => {
                                return Err(unavailable(&connection, &being_refreshed("process")));
                            }
                            Tried::Busy => {
                                tokio::time::sleep(pause).await;
                                pause = (pause * 2).min(LONGEST_PAUSE);
                            }
                        }
                    }
                }
            }
            connection = self.look(&connection).await?;
        }
    }

    /// The connection as it is now; an error when it can't be used any more.
    async fn look(&self, connection: &Connection) -> Result<Connection, JobError> {
        let found = read(&self.0.ports, connection.organization, connection.id).await;
        let found = found.map_err(|error| away(connection.connector.as_str(), &error))?;
        found.filter(|found| matches!(found.state, State::Active { .. })).ok_or_else(|| self.expired(connection))
    }

    /// Tries it, in a task of its own, which outlives the call and is waited for at the end of the process: neither must cost
    /// the account its new tokens.
    pub(super) async fn refresh(
        &self,
        connection: &Connection,
        provider: &OauthProvider,
        correlation: &CorrelationId,
    ) -> Result<Tried, JobError> {
        let (this, connection) = (self.clone(), connection.clone());
        let (provider, correlation) = (provider.clone(), correlation.clone());
        let trying = async move { this.refresh_now(&connection, &provider, &correlation).await };
        self.0.refreshes.spawn(trying).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a refresh broke");
            Ok(Tried::NotNow(TokenError::Unavailable("the refresh broke".to_owned())))
        })
    }

    async fn refresh_now(
        &self,
        connection: &Connection,
        provider: &OauthProvider,
        correlation: &CorrelationId,
    ) -> Result<Tried, JobError> {
        let Some(client) = self.0.clients.get(&provider.client) else {
            tracing::error!(
                client = provider.client,
                "a token can't be refreshed: the operator has no such OAuth client"
            );
            return Ok(Tried::NotNow(TokenError::Refused("no_client".to_owned())));
        };
        let (ports, config) = (&self.0.ports, &self.0.config);
        let lease = Duration::from_secs(config.refresh_lease_seconds);
        let claimed = claim_refresh(ports, connection, &self.0.name, lease).await;
        let Some(lease) = claimed.map_err(|error| away(connection.connector.as_str(), &error))? else {
            return Ok(Tried::Busy);
        };
        let Some(refresh_token) = self.secret(connection, fields::REFRESH_TOKEN).await? else {
            self.expire(connection, "no_refresh_token", correlation).await?;
            return Ok(Tried::Changed);
        };
        let endpoint = TokenEndpoint::new(provider, client, self.0.http.as_ref(), config.http_limits());
        match endpoint.refresh(&refresh_token).await {
            Ok(tokens) => self.record_tokens(&lease, connection, &endpoint, &tokens, correlation).await,
            Err(TokenError::InvalidGrant) => {
                // Unless the connection is another one by now, nothing but its user can help.
                if self.expire(connection, "invalid_grant", correlation).await? {
                    tracing::warn!(connection = %connection.id, "a provider does not accept an account any more");
                }
                Ok(Tried::Changed)
            }
            Err(error) => {
                tracing::warn!(connection = %connection.id, %error, "a token could not be refreshed");
                if let Err(error) = release_refresh(ports, &lease).await {
                    tracing::warn!(%error, "a refresh's lease could not be given back; it ends by itself");
                }
                Ok(Tried::NotNow(error))
            }
        }
    }

    /// Stores new tokens, however often it takes: the old refresh token may be worth nothing any more.
    async fn record_tokens(
        &self,
        lease: &RefreshLease,
        connection: &Connection,
        endpoint: &TokenEndpoint<'_>,
        tokens: &GrantedTokens,
        correlation: &CorrelationId,
    ) -> Result<Tried, JobError> {
        let mut pause = Duration::from_millis(50);
        for attempt in 1..=RECORD_ATTEMPTS {
            let (key, max_bytes) = self.0.vault.sealing_key();
            let recorded =
                record_refreshed(&self.0.ports, lease, tokens, (&key, max_bytes), &self.actor(), correlation).await;
            match recorded {
                Ok(_) => return Ok(Tried::Changed),
                Err(RefreshFault::Overtaken) => {
                    self.drop_tokens(connection, endpoint, tokens).await;
                    return Ok(Tried::Changed);
                }
                Err(RefreshFault::Vault(SecretError::RetiredKey { .. })) => {
                    if let Err(error) = self.0.vault.refresh() {
                        tracing::error!(%error, "the vault's keys can't be read again");
                    }
                }
                Err(RefreshFault::Vault(error)) => {
                    tracing::error!(connection = %connection.id, %error, attempt, "new tokens could not be stored");
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
            }
        }
        let message = "the account's new token could not be stored; the operator finds the reason in the log";
        Err(JobError::new(JobErrorKind::CredentialInvalid, message))
    }

    /// Tokens that came too late. After a disconnection they must not live on.
    async fn drop_tokens(&self, connection: &Connection, endpoint: &TokenEndpoint<'_>, tokens: &GrantedTokens) {
        let now = read(&self.0.ports, connection.organization, connection.id).await;
        if now.is_ok_and(|found| found.is_none_or(|found| found.state == State::Revoked)) {
            let revoked = endpoint.revoke(&tokens.access_token, tokens.refresh_token.as_ref()).await;
            if let Err(error) = revoked {
                tracing::warn!(connection = %connection.id, %error, "tokens of a disconnected account were not revoked");
            }
        }
    }

    /// Marks it as expired, unless it has changed; whether it was marked.
    pub(super) async fn expire(
        &self,
        connection: &Connection,
        reason: &str,
        correlation: &CorrelationId,
    ) -> Result<bool, JobError> {
        let expired = expire(&self.0.ports, connection, reason, &self.actor(), correlation).await;
        expired.map_err(|error| away(connection.connector.as_str(), &error))
    }
}

/// A call has waited for long enough.
fn being_refreshed(by: &str) -> TokenError {
    TokenError::Unavailable(format!("another {by} is refreshing it"))
}

fn unavailable(connection: &Connection, error: &TokenError) -> JobError {
    let message =
        format!("the connected account {:?} needs a new token, which can't be had now: {error}", connection.label);
    JobError::new(JobErrorKind::Upstream, message)
}
