//! Connected accounts, as calls use them.
//!
//! `clients` reads what the operator has registered with providers, `refresh` keeps a token fresh whoever else is at it,
//! `refused` is for tokens that a service does not accept, `cleanup` revokes what was disconnected. [`Connections`] is what a
//! call asks for the account that it acts with. Tokens are opened for each use and kept nowhere.

mod cleanup;
mod clients;
mod refresh;
mod refused;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bulkhead_audit::{Actor, AuditEvent, Outcome};
use bulkhead_connections::{Chosen, Connection, OauthClients, choose, fields};
use bulkhead_connectors::AuthType;
use bulkhead_execution::{JobError, JobErrorKind, NewEvent};
use bulkhead_kernel::http::HttpClient;
use bulkhead_kernel::id::{ConnectionId, JobId, OrganizationId, ProjectId, UserId};
use bulkhead_kernel::{CorrelationId, Ports};
use bulkhead_vault::Scope;
use serde_json::json;
use tokio_util::task::TaskTracker;

use crate::config::ConnectionsConfig;
use crate::sandbox::{BoundCredential, Connector};
use crate::vault::Vault;

pub(crate) use clients::{Registered, VARIABLE as CLIENTS_VARIABLE};

/// Connected accounts. One per process; cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    ports: Ports,
    vault: Vault,
    http: Arc<dyn HttpClient>,
    clients: OauthClients,
    config: ConnectionsConfig,
    /// Whose leases are this process's.
    name: String,
    public_url: String,
    /// Those that this process is refreshing: the others here wait in memory rather than at the database.
    refreshing: Mutex<HashMap<ConnectionId, Weak<tokio::sync::Mutex<()>>>>,
    /// What is being refreshed now. New tokens that nobody stores are an account lost.
    refreshes: TaskTracker,
}

/// Who calls, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use<'a> {
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) project: Option<ProjectId>,
    pub(crate) job: Option<JobId>,
    pub(crate) correlation: &'a CorrelationId,
}

/// The account that a call acts with.
#[derive(Debug)]
pub(crate) struct UsedAccount {
    /// What proves it, for the connector's binding.
    pub(crate) credential: BoundCredential,
    /// What the job's events say of it.
    pub(crate) event: NewEvent,
    /// The account.
    pub(crate) connection: Connection,
}

impl Connections {
    /// What calls need of connected accounts. `name` must never have been another process's.
    #[must_use]
    pub(crate) fn new(
        ports: Ports,
        vault: Vault,
        http: Arc<dyn HttpClient>,
        clients: OauthClients,
        config: ConnectionsConfig,
        (name, public_url): (String, String),
    ) -> Self {
        let (refreshing, refreshes) = (Mutex::default(), TaskTracker::new());
        Self(Arc::new(Inner { ports, vault, http, clients, config, name, public_url, refreshing, refreshes }))
    }

    /// Waits for the refreshes that have begun: as long as a provider may take to answer, and for storing what it says.
    pub(crate) async fn drain(&self) {
        self.0.refreshes.close();
        let patience = self.0.config.http_limits().time + refresh::RECORD_PATIENCE;
        if tokio::time::timeout(patience, self.0.refreshes.wait()).await.is_err() {
            tracing::error!("a refresh did not end in time; if the provider has given new tokens, they are lost");
        }
    }

    /// The account that this call acts with: the user's own, else that of the project that the call names; `None` when there
    /// is neither. Which one it is stands in the audit trail before it is used.
    ///
    /// # Errors
    /// A [`JobError`] when there is one that can't be used. It says what to do.
    pub(crate) async fn account(&self, call: Use<'_>, connector: &Connector) -> Result<Option<UsedAccount>, JobError> {
        let Some(account) = connector.account() else { return Ok(None) };
        let slug = connector.entry().slug.as_str();
        let ports = &self.0.ports;
        let chosen = choose(ports, call.organization, call.user, call.project, slug).await;
        let chosen = chosen.map_err(|error| away(slug, &error))?;
        let connection = match chosen {
            Chosen::Nothing => return Ok(None),
            Chosen::NotInProject => return Err(not_in_project(slug, call.project)),
            Chosen::Expired(connection) => return Err(self.expired(&connection)),
            Chosen::Connection(connection) => *connection,
        };
        if !account.auth_types.contain(connection.auth_type) {
            self.expire(&connection, "connector_changed", call.correlation).await?;
            return Err(self.expired(&connection));
        }
        let connection = match (&account.provider, connection.auth_type) {
            (Some(provider), AuthType::Oauth2) => self.fresh(connection, provider, call.correlation).await?,
            _ => connection,
        };
        let value = self.secret(&connection, fields::CREDENTIAL).await?.ok_or_else(|| self.expired(&connection))?;
        self.record(call, &connection).await?;
        let credential = BoundCredential { name: account.credential.clone(), value };
        let words = format!("Acts with the connected account {:?}", connection.label);
        let event = NewEvent::info("connection", words, ports.now());
        let event = event.with_data(json!({ "connection": connection.id, "account": connection.account }));
        Ok(Some(UsedAccount { credential, event, connection }))
    }

    async fn record(&self, call: Use<'_>, connection: &Connection) -> Result<(), JobError> {
        let ports = &self.0.ports;
        let actor = Actor {
            kind: "user".to_owned(),
            id: call.user.to_string(),
            credential_id: call.job.map(|job| format!("job:{job}")).unwrap_or_default(),
        };
        let (organization, target) = (call.organization, connection.target());
        let event = AuditEvent::pending_by(ports, organization, actor, "connection.use", target, call.correlation);
        let event = AuditEvent { job: call.job, ..event.ended(Outcome::Succeeded) };
        let recorded = ports.sql.execute(bulkhead_audit::begin(&event)).await;
        recorded.map(drop).map_err(|error| away(connection.connector.as_str(), &error))
    }

    /// A secret of a connection; `None` when it has none of this name.
    async fn secret(&self, connection: &Connection, name: &str) -> Result<Option<bulkhead_kernel::Secret>, JobError> {
        let scope = Scope::Connection(connection.id);
        let opened = self.0.vault.open_scope(connection.organization, &scope).await.map_err(|error| {
            tracing::error!(connection = %connection.id, %error, "an account's secrets could not be read");
            let message = "the account's secrets can't be read; the operator finds the reason in the log";
            JobError::new(JobErrorKind::CredentialInvalid, message)
        })?;
        Ok(opened.into_iter().find(|(field, _)| field == name).map(|(_, value)| value))
    }

    /// Why a call that needs this account fails, and what its user can do.
    fn expired(&self, connection: &Connection) -> JobError {
        let message = format!(
            "the connected account {:?} of {} is not accepted by its provider any more; {}",
            connection.label,
            connection.connector,
            self.remedy(connection)
        );
        let details = json!({
            "connector": connection.connector,
            "connection": connection.id,
            "reconnect": self.reconnect(connection),
        });
        JobError::new(JobErrorKind::ConnectionExpired, message).with_details(details)
    }

    /// The request that helps: a link for a connection by OAuth 2, a new connection for another one.
    fn reconnect(&self, connection: &Connection) -> serde_json::Value {
        let base = self.0.public_url.trim_end_matches('/');
        let url = match connection.auth_type {
            AuthType::Oauth2 => format!("{base}/v1/connections/{}/reconnect", connection.id),
            AuthType::ApiKey | AuthType::None => format!("{base}/v1/connections"),
        };
        json!({ "method": "POST", "url": url })
    }

    /// The same for a person.
    fn remedy(&self, connection: &Connection) -> String {
        let url = self.reconnect(connection)["url"].as_str().unwrap_or_default().to_owned();
        match connection.auth_type {
            AuthType::Oauth2 => format!("connect it again: POST {url} gives the link for it"),
            AuthType::ApiKey | AuthType::None => format!("disconnect it and connect a new one: POST {url}"),
        }
    }

    /// The one lock of a connection in this process.
    fn lock_of(&self, id: ConnectionId) -> Arc<tokio::sync::Mutex<()>> {
        let mut refreshing = self.0.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        refreshing.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = refreshing.get(&id).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        refreshing.insert(id, Arc::downgrade(&lock));
        lock
    }

    fn actor(&self) -> Actor {
        Actor::operator(format!("host {}", self.0.name))
    }
}

/// Whoever asked for the call has lost their role in its project since, or the project is gone. Nothing else acts in the place of
/// its account.
fn not_in_project(connector: &str, project: Option<ProjectId>) -> JobError {
    let message = format!(
        "you may not use the project's accounts of {connector} any more, or it is gone; ask a maintainer of the project for \
         the role of developer, name another project, or connect an account of your own: POST /v1/connections"
    );
    let details = json!({ "connector": connector, "project": project });
    JobError::new(JobErrorKind::CredentialMissing, message).with_details(details)
}

/// The database is away, so which account a call would use is not known.
fn away(connector: &str, error: &dyn std::error::Error) -> JobError {
    tracing::error!(connector, %error, "a call's account could not be determined or recorded");
    let message = format!("the accounts of {connector} can't be read; try again");
    JobError::new(JobErrorKind::ConnectorUnavailable, message)
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connections")
    }
}
