//! Connections as JSON.

use bulkhead_connections::{Connection, Link, Owner, State, Status};
use bulkhead_connectors::AuthType;
use bulkhead_http_api::{Api, Problem};
use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{ConnectionId, UserId};
use serde::Serialize;

/// A connection, without anything secret.
#[derive(Debug, Serialize)]
pub(crate) struct ConnectionBody {
    id: ConnectionId,
    connector: String,
    owner: OwnerBody,
    label: String,
    account: Option<String>,
    auth_type: AuthType,
    status: Status,
    status_reason: Option<String>,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
    created_by: UserId,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct OwnerBody {
    r#type: &'static str,
    id: String,
}

impl From<Connection> for ConnectionBody {
    fn from(connection: Connection) -> Self {
        let (kind, id) = match connection.owner {
            Owner::User(user) => ("user", user.to_string()),
            Owner::Project(project) => ("project", project.to_string()),
        };
        let expires_at = match connection.state {
            State::Active { expires_at, .. } => expires_at,
            _ => None,
        };
        Self {
            id: connection.id,
            connector: connection.connector.to_string(),
            owner: OwnerBody { r#type: kind, id },
            label: connection.label,
            account: connection.account,
            auth_type: connection.auth_type,
            status: connection.state.status(),
            status_reason: connection.state.reason().map(str::to_owned),
            scopes: connection.scopes,
            expires_at,
            created_by: connection.created_by,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }
}

/// A connection, and where its user goes on.
#[derive(Debug, Serialize)]
pub(crate) struct BegunBody {
    connection: ConnectionBody,
    authorize: Option<AuthorizeBody>,
}

#[derive(Debug, Serialize)]
struct AuthorizeBody {
    url: String,
    expires_at: Timestamp,
}

impl BegunBody {
    /// With the link's address at this installation.
    pub(crate) async fn new(api: &Api, connection: Connection, link: Option<Link>) -> Result<Self, Problem> {
        let authorize = match link {
            None => None,
            Some(link) => {
                let base = api.public_url().await?;
                let url = format!("{base}/oauth/start?token={}", link.token.expose());
                Some(AuthorizeBody { url, expires_at: link.expires_at })
            }
        };
        Ok(Self { connection: connection.into(), authorize })
    }
}
