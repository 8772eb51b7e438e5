//! What is known of a user's connections, for themselves.

use std::collections::{BTreeMap, BTreeSet};

use bulkhead_kernel::id::{ConnectionId, OauthTransactionId, OrganizationId, ProjectId, UserId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Timestamp};
use bulkhead_vault::{Scope, list_scopes};
use serde::Serialize;

use crate::model::{Connection, Owner};
use crate::store;
use crate::transaction::Transaction;

/// What is known. No secret is part of it, nor a hash of one.
#[derive(Clone, Debug, Serialize)]
pub struct UserConnections {
    /// Accounts that they connected, for themselves or for a project, those that were disconnected as well.
    pub connections: Vec<UserConnection>,
    /// Attempts to connect one, for as long as they are kept.
    pub connection_attempts: Vec<UserAttempt>,
}

/// A connected account.
#[derive(Clone, Debug, Serialize)]
pub struct UserConnection {
    id: ConnectionId,
    organization: OrganizationId,
    project: Option<ProjectId>,
    connector: String,
    label: String,
    account: Option<String>,
    auth_type: &'static str,
    authority: String,
    status: &'static str,
    scopes: Vec<String>,
    /// That they are kept, and since when.
    secrets: Vec<KeptSecret>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// That a secret is kept.
#[derive(Clone, Debug, Serialize)]
struct KeptSecret {
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// An attempt.
#[derive(Clone, Debug, Serialize)]
pub struct UserAttempt {
    id: OauthTransactionId,
    organization: OrganizationId,
    connection: ConnectionId,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    used_at: Option<Timestamp>,
}

/// Everything of a user's, in whichever organisation. Whether they may have it is asked before.
///
/// # Errors
/// [`SqlError`] when it can't be read.
pub async fn export(ports: &Ports, user: UserId) -> Result<UserConnections, SqlError> {
    let connections = store::of_user(ports.sql.as_ref(), user).await?;
    let mut secrets: BTreeMap<Scope, Vec<KeptSecret>> = BTreeMap::new();
    let organizations: BTreeSet<_> = connections.iter().map(|connection| connection.organization).collect();
    for organization in organizations {
        let there = connections.iter().filter(|connection| connection.organization == organization);
        let scopes: Vec<_> = there.map(|connection| Scope::Connection(connection.id)).collect();
        for entry in list_scopes(ports, organization, &scopes).await? {
            let (name, created_at, updated_at) = (entry.field.to_string(), entry.created_at, entry.updated_at);
            secrets.entry(entry.scope).or_default().push(KeptSecret { name, created_at, updated_at });
        }
    }
    let told = |connection: Connection| {
        let secrets = secrets.remove(&Scope::Connection(connection.id)).unwrap_or_default();
        UserConnection::new(connection, secrets)
    };
    let connections = connections.into_iter().map(told).collect();
    let attempts = store::attempts_of_user(ports.sql.as_ref(), user).await?;
    Ok(UserConnections { connections, connection_attempts: attempts.into_iter().map(UserAttempt::from).collect() })
}

impl UserConnection {
    fn new(connection: Connection, secrets: Vec<KeptSecret>) -> Self {
        Self {
            id: connection.id,
            organization: connection.organization,
            project: match connection.owner {
                Owner::User(_) => None,
                Owner::Project(project) => Some(project),
            },
            connector: connection.connector.to_string(),
            label: connection.label,
            account: connection.account,
            auth_type: connection.auth_type.as_str(),
            authority: connection.authority,
            status: connection.state.status().as_str(),
            scopes: connection.scopes,
            secrets,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }
}

impl From<Transaction> for UserAttempt {
    fn from(transaction: Transaction) -> Self {
        Self {
            id: transaction.id,
            organization: transaction.organization,
            connection: transaction.connection,
            created_at: transaction.created_at,
            started_at: transaction.started_at,
            used_at: transaction.used_at,
        }
    }
}
