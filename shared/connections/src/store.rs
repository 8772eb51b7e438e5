//! SQL of connections and of attempts to connect.

use bulkhead_identity::projects_seen_by;
use bulkhead_kernel::id::{ConnectionId, OauthTransactionId, OrganizationId, ProjectId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Caller, Page, PageRequest, Permission, Timestamp};

use crate::model::{Connection, Owner};
use crate::state::{State, Status};
use crate::transaction::Transaction;

const COLUMNS: &str = "c.id, c.organization_id, c.connector, c.user_id, c.project_id, c.label, c.account, c.auth_type, \
                       c.authority, c.status, c.status_reason, c.scopes, c.expires_at, c.refreshable, c.version, \
                       c.created_by, c.created_at, c.updated_at";

pub(crate) fn insert(connection: &Connection) -> Statement {
    let (user, project) = match connection.owner {
        Owner::User(user) => (Some(user.to_string()), None),
        Owner::Project(project) => (None, Some(project.to_string())),
    };
    let (expires_at, refreshable) = expiry(&connection.state);
    sql("INSERT INTO connections (id, organization_id, connector, user_id, project_id, label, account, auth_type, \
         authority, status, status_reason, scopes, expires_at, refreshable, version, cleanup_attempts, created_by, \
         created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, $17, $17)")
    .bind(connection.id)
    .bind(connection.organization)
    .bind(connection.connector.as_str())
    .bind(user)
    .bind(project)
    .bind(connection.label.as_str())
    .bind(connection.account.clone())
    .bind(connection.auth_type.as_str())
    .bind(connection.authority.as_str())
    .bind(connection.state.status().as_str())
    .bind(connection.state.reason().map(str::to_owned))
    .bind(connection.scopes.join(" "))
    .bind(expires_at)
    .bind(refreshable)
    .bind(connection.version)
    .bind(connection.created_by)
    .bind(connection.created_at)
    .of(connection.organization)
}

fn expiry(state: &State) -> (Option<Timestamp>, bool) {
    match state {
        State::Active { expires_at, refreshable } => (*expires_at, *refreshable),
        State::Pending | State::Expired { .. } | State::Revoked | State::Error { .. } => (None, false),
    }
}

/// Writes what a connection became, if it is still of the version that it was, and ends whatever refresh is under way.
/// `version` is the one that it gets.
pub(crate) fn update(connection: &Connection, version: i64, now: Timestamp) -> Statement {
    let (expires_at, refreshable) = expiry(&connection.state);
    sql("UPDATE connections SET account = $1, authority = $2, status = $3, status_reason = $4, scopes = $5, \
         expires_at = $6, refreshable = $7, version = $8, refresh_owner = NULL, refresh_until = NULL, updated_at = $9 \
         WHERE organization_id = $10 AND id = $11 AND version = $12")
    .bind(connection.account.clone())
    .bind(connection.authority.as_str())
    .bind(connection.state.status().as_str())
    .bind(connection.state.reason().map(str::to_owned))
    .bind(connection.scopes.join(" "))
    .bind(expires_at)
    .bind(refreshable)
    .bind(version)
    .bind(now)
    .bind(connection.organization)
    .bind(connection.id)
    .bind(connection.version)
    .of(connection.organization)
}

pub(crate) async fn find(
    database: &dyn Sql,
    organization: OrganizationId,
    id: ConnectionId,
) -> Result<Option<Connection>, SqlError> {
    let statement = sql(format!("SELECT {COLUMNS} FROM connections c WHERE c.organization_id = $1 AND c.id = $2"))
        .bind(organization)
        .bind(id)
        .of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// Those that the caller may see, newest first.
pub(crate) async fn list(
    database: &dyn Sql,
    caller: &Caller,
    connector: Option<&str>,
    status: Option<Status>,
    page: &PageRequest,
) -> Result<Page<Connection>, SqlError> {
    let of_projects = projects_seen_by("$3", "$8");
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM connections c WHERE c.organization_id = $1 \
         AND ($2 OR c.user_id = $3 OR c.project_id IN ({of_projects})) \
         AND ($4 = '' OR c.connector = $4) AND ($5 = '' OR c.status = $5) AND ($6 = '' OR c.id < $6) \
         ORDER BY c.id DESC LIMIT $7"
    ))
    .bind(caller.organization)
    .bind(caller.may(Permission::AdministerConnections).is_ok())
    .bind(caller.user)
    .bind(connector.unwrap_or_default())
    .bind(status.map_or("", Status::as_str))
    .bind(page.after.as_ref().map(|cursor| cursor.key().to_owned()).unwrap_or_default())
    .bind(page.limit + 1)
    .bind(caller.role.administers())
    .of(caller.organization);
    let rows = database.query(statement).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(rows, page.limit, |connection| connection.id.to_string()))
}

/// The user's own for a connector, the most usable first and then the newest.
pub(crate) async fn own(
    database: &dyn Sql,
    organization: OrganizationId,
    user: UserId,
    connector: &str,
) -> Result<Option<Connection>, SqlError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM connections c WHERE c.organization_id = $1 AND c.connector = $2 AND c.user_id = $3 \
         AND c.status IN ('active', 'expired') ORDER BY c.status, c.id DESC LIMIT 1"
    ))
    .bind(organization)
    .bind(connector)
    .bind(user)
    .of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// The same of a project.
pub(crate) async fn shared(
    database: &dyn Sql,
    organization: OrganizationId,
    project: ProjectId,
    connector: &str,
) -> Result<Option<Connection>, SqlError> {
    let statement = sql(format!(
        "SELECT {COLUMNS} FROM connections c WHERE c.organization_id = $1 AND c.connector = $2 AND c.project_id = $3 \
         AND c.status IN ('active', 'expired') ORDER BY c.status, c.id DESC LIMIT 1"
    ))
    .bind(organization)
    .bind(connector)
    .bind(project)
    .of(organization);
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// Takes the lease of a refresh, when nobody has it and the secrets are still those that are known.
pub(crate) fn claim_refresh(connection: &Connection, owner: &str, now: Timestamp, until: Timestamp) -> Statement {
    sql("UPDATE connections SET refresh_owner = $1, refresh_until = $2 \
         WHERE organization_id = $3 AND id = $4 AND version = $5 AND status = 'active' \
         AND (refresh_until IS NULL OR refresh_until <= $6)")
    .bind(owner)
    .bind(until)
    .bind(connection.organization)
    .bind(connection.id)
    .bind(connection.version)
    .bind(now)
    .of(connection.organization)
}

pub(crate) fn release_refresh(connection: &Connection, owner: &str) -> Statement {
    sql("UPDATE connections SET refresh_owner = NULL, refresh_until = NULL \
         WHERE organization_id = $1 AND id = $2 AND refresh_owner = $3")
    .bind(connection.organization)
    .bind(connection.id)
    .bind(owner)
    .of(connection.organization)
}

pub(crate) fn schedule_cleanup(organization: OrganizationId, id: ConnectionId, at: Option<Timestamp>) -> Statement {
    sql("UPDATE connections SET cleanup_at = $1 WHERE organization_id = $2 AND id = $3 AND status = 'revoked'")
        .bind(at)
        .bind(organization)
        .bind(id)
        .of(organization)
}

/// For the host, which cleans up for every tenant.
pub(crate) async fn due_for_cleanup(
    database: &dyn Sql,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(Connection, i64, Timestamp)>, SqlError> {
    let statement = sql(format!(
        "SELECT {COLUMNS}, c.cleanup_attempts, c.cleanup_at FROM connections c WHERE c.cleanup_at <= $1 \
         ORDER BY c.cleanup_at LIMIT $2"
    ))
    .bind(now)
    .bind(limit)
    .across_tenants("what was disconnected is cleaned up for every tenant");
    let rows = database.query(statement).await?;
    rows.iter().map(|row| Ok((read(row)?, row.get("cleanup_attempts")?, row.get("cleanup_at")?))).collect()
}

/// Puts a cleanup off to a later time, and with that keeps others from it; nothing when somebody else has.
pub(crate) fn claim_cleanup(connection: &Connection, due: Timestamp, later: Timestamp) -> Statement {
    sql("UPDATE connections SET cleanup_at = $1, cleanup_attempts = cleanup_attempts + 1 \
         WHERE organization_id = $2 AND id = $3 AND cleanup_at = $4")
    .bind(later)
    .bind(connection.organization)
    .bind(connection.id)
    .bind(due)
    .of(connection.organization)
}

pub(crate) fn insert_transaction(transaction: &Transaction, link_hash: &str) -> Statement {
    sql("INSERT INTO oauth_transactions (id, organization_id, user_id, connection_id, link_hash, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(transaction.id)
    .bind(transaction.organization)
    .bind(transaction.user)
    .bind(transaction.connection)
    .bind(link_hash)
    .bind(transaction.created_at)
    .bind(transaction.expires_at)
        .of(transaction.organization)
}

/// Those of long ago are of no use to anybody.
pub(crate) fn forget_transactions(organization: OrganizationId, before: Timestamp) -> Statement {
    sql("DELETE FROM oauth_transactions WHERE organization_id = $1 AND expires_at < $2")
        .bind(organization)
        .bind(before)
        .of(organization)
}

const TRANSACTION: &str = "SELECT id, organization_id, user_id, connection_id, browser_hash, verifier, created_at, \
                           expires_at, started_at, used_at FROM oauth_transactions";

/// The token of a link is all that its browser has: it leads to the tenant, not the other way around.
pub(crate) async fn transaction_by_link(database: &dyn Sql, hash: &str) -> Result<Option<Transaction>, SqlError> {
    let statement =
        sql(format!("{TRANSACTION} WHERE link_hash = $1")).bind(hash).across_tenants("a link leads to its tenant");
    database.query_optional(statement).await?.as_ref().map(read_transaction).transpose()
}

/// The same of the state that a provider sends back.
pub(crate) async fn transaction_by_state(database: &dyn Sql, hash: &str) -> Result<Option<Transaction>, SqlError> {
    let statement =
        sql(format!("{TRANSACTION} WHERE state_hash = $1")).bind(hash).across_tenants("a state leads to its tenant");
    database.query_optional(statement).await?.as_ref().map(read_transaction).transpose()
}

/// Starts an attempt, once.
pub(crate) fn start_transaction(
    transaction: &Transaction,
    state_hash: &str,
    browser_hash: &str,
    verifier: Vec<u8>,
    now: Timestamp,
) -> Statement {
    sql("UPDATE oauth_transactions SET state_hash = $1, browser_hash = $2, verifier = $3, started_at = $4 \
         WHERE organization_id = $5 AND id = $6 AND started_at IS NULL AND expires_at > $4")
    .bind(state_hash)
    .bind(browser_hash)
    .bind(verifier)
    .bind(now)
    .bind(transaction.organization)
    .bind(transaction.id)
    .of(transaction.organization)
}

/// Uses an attempt up, once.
pub(crate) fn use_transaction(organization: OrganizationId, id: OauthTransactionId, now: Timestamp) -> Statement {
    sql("UPDATE oauth_transactions SET used_at = $1, verifier = NULL \
         WHERE organization_id = $2 AND id = $3 AND used_at IS NULL AND expires_at > $1")
    .bind(now)
    .bind(organization)
    .bind(id)
    .of(organization)
}

/// What a page may say of an organisation and a user: their names.
pub(crate) async fn names(
    database: &dyn Sql,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<(String, String, String)>, SqlError> {
    let statement = sql("SELECT o.name AS organization, u.name AS person, u.email FROM organizations o \
                         JOIN users u ON u.id = $2 WHERE o.id = $1")
    .bind(organization)
    .bind(user)
    .of(organization);
    let row = database.query_optional(statement).await?;
    row.map(|row| {
        let email: Option<String> = row.get("email")?;
        Ok((row.get("organization")?, row.get("person")?, email.unwrap_or_default()))
    })
    .transpose()
}

/// What becomes of a row that is disconnected at `$2`, whatever it was.
const DISCONNECT: &str = "UPDATE connections SET status = 'revoked', status_reason = NULL, expires_at = NULL, \
                          refreshable = $3, version = version + 1, refresh_owner = NULL, refresh_until = NULL, \
                          cleanup_at = $2, updated_at = $2";

/// A user's own in an organisation.
pub(crate) fn disconnect_all_in(organization: OrganizationId, user: UserId, now: Timestamp) -> Statement {
    sql(format!("{DISCONNECT} WHERE organization_id = $1 AND user_id = $4 AND status <> 'revoked'"))
        .bind(organization)
        .bind(now)
        .bind(false)
        .bind(user)
        .of(organization)
}

/// Everything in an organisation that was deleted and that nobody can have back.
pub(crate) fn disconnect_deserted(organization: OrganizationId, now: Timestamp) -> Statement {
    sql(format!(
        "{DISCONNECT} WHERE organization_id = $1 AND status <> 'revoked' AND EXISTS (SELECT 1 FROM organizations o \
         WHERE o.id = $1 AND o.deleted_at IS NOT NULL AND o.restore_hash IS NULL)"
    ))
    .bind(organization)
    .bind(now)
    .bind(false)
    .across_tenants("a user goes from every organisation at once")
}

/// What a user has begun to connect in an organisation.
pub(crate) fn forget_attempts_in(organization: OrganizationId, user: UserId) -> Statement {
    sql("DELETE FROM oauth_transactions WHERE organization_id = $1 AND user_id = $2")
        .bind(organization)
        .bind(user)
        .of(organization)
}

/// A user's own and what they have begun, and what says who they are elsewhere.
pub(crate) fn forget(user: UserId, now: Timestamp) -> [Statement; 3] {
    [
        sql("DELETE FROM oauth_transactions WHERE user_id = $1")
            .bind(user)
            .across_tenants("a user is forgotten in every organisation: attempts"),
        sql(format!("{DISCONNECT} WHERE user_id = $1 AND status <> 'revoked'"))
            .bind(user)
            .bind(now)
            .bind(false)
            .across_tenants("a user is forgotten in every organisation: connections"),
        sql("UPDATE connections SET label = '', account = NULL WHERE user_id = $1")
            .bind(user)
            .across_tenants("a user is forgotten in every organisation: accounts"),
    ]
}

/// What a user has connected for projects of organisations in which nobody else is an owner.
pub(crate) fn disconnect_shared_by(user: UserId, now: Timestamp) -> Statement {
    sql(format!(
        "{DISCONNECT} WHERE created_by = $1 AND project_id IS NOT NULL AND status <> 'revoked' \
         AND EXISTS (SELECT 1 FROM memberships o WHERE o.organization_id = connections.organization_id \
         AND o.user_id = $1 AND o.role = 'owner') \
         AND NOT EXISTS (SELECT 1 FROM memberships o WHERE o.organization_id = connections.organization_id \
         AND o.user_id <> $1 AND o.role = 'owner')"
    ))
    .bind(user)
    .bind(now)
    .bind(false)
    .across_tenants("what an owner has connected for projects ends in every organisation of theirs")
}

/// What a user has connected, for themselves or for a project.
pub(crate) async fn of_user(database: &dyn Sql, user: UserId) -> Result<Vec<Connection>, SqlError> {
    let text = format!("SELECT {COLUMNS} FROM connections c WHERE c.user_id = $1 OR c.created_by = $1 ORDER BY c.id");
    let statement = sql(text).bind(user).across_tenants("a user gets what every organisation has of theirs");
    database.query(statement).await?.iter().map(read).collect()
}

/// What a user has begun to connect.
pub(crate) async fn attempts_of_user(database: &dyn Sql, user: UserId) -> Result<Vec<Transaction>, SqlError> {
    let text = format!("{TRANSACTION} WHERE user_id = $1 ORDER BY id");
    let statement = sql(text).bind(user).across_tenants("a user gets what every organisation has of their attempts");
    database.query(statement).await?.iter().map(read_transaction).collect()
}

fn read(row: &Row) -> Result<Connection, SqlError> {
    let undecodable = |column: &str| SqlError::Decode { column: column.to_owned() };
    let owner = match (row.get::<Option<UserId>>("user_id")?, row.get::<Option<ProjectId>>("project_id")?) {
        (Some(user), None) => Owner::User(user),
        (None, Some(project)) => Owner::Project(project),
        _ => return Err(undecodable("user_id")),
    };
    let reason: Option<String> = row.get("status_reason")?;
    let reason = reason.unwrap_or_default();
    let state = match row.parse("status")? {
        Status::Pending => State::Pending,
        Status::Active => State::Active { expires_at: row.get("expires_at")?, refreshable: row.get("refreshable")? },
        Status::Expired => State::Expired { reason },
        Status::Revoked => State::Revoked,
        Status::Error => State::Error { reason },
    };
    let scopes: Option<String> = row.get("scopes")?;
    Ok(Connection {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        connector: row.parse("connector")?,
        owner,
        label: row.get("label")?,
        account: row.get("account")?,
        auth_type: row.parse("auth_type")?,
        authority: row.get("authority")?,
        state,
        scopes: scopes.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        version: row.get("version")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn read_transaction(row: &Row) -> Result<Transaction, SqlError> {
    Ok(Transaction {
        id: row.get("id")?,
        organization: row.get("organization_id")?,
        user: row.get("user_id")?,
        connection: row.get("connection_id")?,
        browser_hash: row.get("browser_hash")?,
        verifier: row.get("verifier")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        started_at: row.get("started_at")?,
        used_at: row.get("used_at")?,
    })
}
