//! Beginning a connection.

use bulkhead_audit::Act;
use bulkhead_connectors::{AuthType, Connector};
use bulkhead_identity::{
    CredentialEnded, Membership, find_membership, hold_credential, hold_membership, is_credential_ended, project_role,
};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Denied, Ports, Secret};
use bulkhead_vault::{DEFAULT_MAX_BYTES, NewSecret, Scope, SealingKey, VaultError, put_error, put_steps};

use crate::find::admit;
use crate::link::{Link, link_steps};
use crate::model::{Connection, Owner, fields};
use crate::state::State;
use crate::store;

/// A connection to be begun.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Its name for people.
    pub label: String,
    /// The project that it is shared with; the caller's own when absent.
    pub project: Option<ProjectId>,
    /// By which of the connector's ways it is connected.
    pub auth_type: AuthType,
    /// The key, of a connector that is connected by one.
    pub api_key: Option<Secret>,
}

/// What was begun.
#[derive(Clone, Debug)]
pub struct Created {
    /// The connection.
    pub connection: Connection,
    /// Where its user goes on, when that is needed.
    pub link: Option<Link>,
}

/// Why no connection was begun.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The caller may not. That is recorded.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What the caller is in the organisation has changed meanwhile, or they have left it. That is recorded.
    #[error("you are not what you were in the organization any more; try again")]
    NotAllowed,
    /// What was to connect has ended since the request came in.
    #[error(transparent)]
    CredentialEnded(#[from] CredentialEnded),
    /// The organisation has no such project.
    #[error("there is no project of this id; GET /v1/projects lists them")]
    UnknownProject,
    /// The access token may not change anything. That is recorded.
    #[error("the access token lacks the scope {0}")]
    InsufficientScope(String),
    /// The connector is not connected in this way.
    #[error("accounts of this connector are connected by: {0}")]
    AuthType(String),
    /// A key is needed, or not wanted.
    #[error("{0}")]
    ApiKey(&'static str),
    /// The key can't be stored.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The connector is installed without saying who gives its tokens.
    #[error("the connector does not say where its accounts are connected; the operator has to install it anew")]
    NoProvider,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

bulkhead_audit::from_admit!(CreateError);

impl CreateError {
    /// This connector's accounts are connected otherwise.
    #[must_use]
    pub fn auth_type(connector: &Connector) -> Self {
        Self::AuthType(connector.auth_types.as_text())
    }
}

/// Begins a connection: one without a secret, or with a key, is active at once; one by OAuth 2 waits for its user.
///
/// # Errors
/// [`CreateError`]; nothing has changed then.
pub async fn create(
    ports: &Ports,
    caller: &Caller,
    connector: &Connector,
    new: NewConnection,
    sealing_key: Option<&SealingKey>,
    correlation: &CorrelationId,
) -> Result<Created, CreateError> {
    let now = ports.now();
    let owner = new.project.map_or(Owner::User(caller.user), Owner::Project);
    let state = match new.auth_type {
        AuthType::Oauth2 => State::Pending,
        AuthType::ApiKey | AuthType::None => State::Active { expires_at: None, refreshable: false },
    };
    let provider = connector.oauth.as_ref().filter(|_| new.auth_type == AuthType::Oauth2);
    let connection = Connection {
        id: ports.new_id(),
        organization: caller.organization,
        connector: connector.slug.clone(),
        owner,
        label: new.label,
        account: None,
        auth_type: new.auth_type,
        authority: provider.map(|provider| provider.authority.clone()).unwrap_or_default(),
        state,
        scopes: provider.map(|provider| provider.scopes.clone()).unwrap_or_default(),
        version: 1,
        created_by: caller.user,
        created_at: now,
        updated_at: now,
    };
    let act = Act::new(ports, caller, "connection.create", connection.target(), correlation);
    admit(&act, caller, owner).await?;
    if let Some(scope) = caller.missing_write_scope() {
        let refusal = CreateError::InsufficientScope(scope.to_owned());
        act.refuse(&refusal).await?;
        return Err(refusal);
    }
    if let Owner::Project(project) = connection.owner
        && project_role(ports, caller, project).await?.is_none()
    {
        return Err(CreateError::UnknownProject);
    }
    let membership = find_membership(ports, caller.user, caller.organization).await?;
    let may = |membership: &Membership| connection.may_be_connected_as(membership.user, membership.role);
    let Some(membership) = membership.filter(may) else { return not_allowed(&act).await };
    // Whoever removes the user disconnects what is there: nothing may come after that.
    let mut steps: Vec<Step> = hold_credential(caller, now).into();
    let held = steps.len();
    steps.extend([hold_membership(&membership), store::insert(&connection).expecting(1)]);
    let mut link = None;
    if !connector.auth_types.contain(new.auth_type) {
        return Err(CreateError::auth_type(connector));
    }
    match (new.auth_type, new.api_key, sealing_key) {
        (AuthType::Oauth2, None, _) => {
            if provider.is_none() {
                return Err(CreateError::NoProvider);
            }
            let (made, further) = link_steps(ports, caller, &connection);
            steps.extend(further);
            link = Some(made);
        }
        (AuthType::ApiKey, Some(value), Some(key)) => {
            let field = fields::CREDENTIAL.parse().expect("a name");
            let secret = NewSecret { scope: Scope::Connection(connection.id), field, value };
            steps.extend(put_steps(ports, caller.organization, key, &[secret], DEFAULT_MAX_BYTES)?);
        }
        (AuthType::ApiKey, Some(_), None) => return Err(CreateError::ApiKey("nothing can be stored without a key")),
        (AuthType::ApiKey, None, _) => {
            return Err(CreateError::ApiKey("a key is needed to connect by one: api_key"));
        }
        (AuthType::None, None, _) => {}
        (AuthType::Oauth2 | AuthType::None, Some(_), _) => {
            return Err(CreateError::ApiKey("this account is not connected by a key"));
        }
    }
    steps.push(act.done());
    match (ports.sql.batch(steps).await, sealing_key) {
        (Ok(_), _) => Ok(Created { connection, link }),
        (Err(error), _) if is_credential_ended(&error) => Err(CredentialEnded.into()),
        (Err(error), _) if error.is_unexpected_rows_at(held) => not_allowed(&act).await,
        (Err(error), Some(key)) => match put_error(ports, key, error).await {
            VaultError::Sql(error) => Err(error.into()),
            error => Err(error.into()),
        },
        (Err(error), None) => Err(error.into()),
    }
}

async fn not_allowed(act: &Act<'_>) -> Result<Created, CreateError> {
    act.refuse(CreateError::NotAllowed).await?;
    Err(CreateError::NotAllowed)
}
