//! Following the link: what its page says, and the way to the provider.

use bulkhead_connectors::oauth::OauthProvider;
use bulkhead_identity::{Membership, find_membership};
use bulkhead_kernel::http::{HttpLimits, NoHttp};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Secret};

use crate::clients::OauthClients;
use crate::model::Connection;
use crate::state::State;
use crate::store;
use crate::tokens::TokenEndpoint;
use crate::transaction::{Transaction, hash, random, seal_verifier};

/// Why a link leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is unknown, used, or too old. Which of these is nobody's business.
    #[error("this link does not work (any more)")]
    Unknown,
    /// Whoever asked for it has left the organisation, or may not connect for the project any more.
    #[error("whoever asked for this link may not connect this account any more")]
    NotAllowed,
    /// The operator has registered no client with the provider.
    #[error("the operator has registered no OAuth client {0:?}")]
    NoClient(String),
    /// The connector is not installed any more, or its accounts are not connected by OAuth 2 any more.
    #[error("the connector is not installed any more, or its accounts are connected otherwise")]
    NoProvider,
    /// The provider's addresses can't be used.
    #[error("the provider's addresses can't be used; the operator has to install the connector anew")]
    Provider,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What a link is about, for the page that asks whether to go on.
#[derive(Clone, Debug)]
pub struct PendingLink {
    /// Who asked for it.
    pub user: UserId,
    /// The organisation's name.
    pub organization_name: String,
    /// The user's name.
    pub user_name: String,
    /// The user's address, if there is one.
    pub user_email: String,
    /// The connector's name.
    pub connector_name: String,
    /// The provider's name.
    pub provider_name: String,
    /// The connection's label.
    pub label: String,
    /// Whether it will be used by a project rather than by its user alone.
    pub shared: bool,
}

/// The way to the provider.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Where the browser goes.
    pub url: String,
    /// What the browser brings back, as a cookie.
    pub browser: Secret,
    /// The provider's name.
    pub provider_name: String,
}

/// An attempt and what it is for.
pub(crate) struct Attempt {
    pub(crate) transaction: Transaction,
    pub(crate) connection: Connection,
    /// What allows its user to connect it.
    pub(crate) membership: Membership,
    pub(crate) connector_name: String,
    pub(crate) provider: OauthProvider,
}

/// What an attempt is for, if its connection is still there and its user may still connect it.
pub(crate) async fn attempt(ports: &Ports, transaction: Transaction) -> Result<Attempt, StartError> {
    let connection = store::find(ports.sql.as_ref(), transaction.organization, transaction.connection).await?;
    let connection = connection.filter(|connection| connection.state != State::Revoked);
    let connection = connection.ok_or(StartError::Unknown)?;
    let membership = find_membership(ports, transaction.user, transaction.organization).await?;
    let may = |membership: &Membership| connection.may_be_connected_as(membership.user, membership.role);
    let membership = membership.filter(may).ok_or(StartError::NotAllowed)?;
    let connector = bulkhead_connectors::get(ports, connection.connector.as_str()).await?;
    let connector = connector.ok_or(StartError::NoProvider)?;
    let provider = connector.oauth.ok_or(StartError::NoProvider)?;
    Ok(Attempt { transaction, connection, membership, connector_name: connector.name, provider })
}

async fn unstarted(ports: &Ports, token: &str) -> Result<Attempt, StartError> {
    let found = store::transaction_by_link(ports.sql.as_ref(), &hash(token)).await?;
    let now = ports.now();
    let found = found.filter(|transaction| transaction.started_at.is_none() && transaction.expires_at > now);
    attempt(ports, found.ok_or(StartError::Unknown)?).await
}

/// What a link is about. It stays as good as it was.
///
/// # Errors
/// [`StartError`].
pub async fn pending_link(ports: &Ports, token: &str) -> Result<PendingLink, StartError> {
    let Attempt { transaction, connection, connector_name, provider, .. } = unstarted(ports, token).await?;
    let names = store::names(ports.sql.as_ref(), transaction.organization, transaction.user).await?;
    let (organization_name, user_name, user_email) = names.ok_or(StartError::Unknown)?;
    Ok(PendingLink {
        user: transaction.user,
        organization_name,
        user_name,
        user_email,
        connector_name,
        provider_name: provider.name,
        label: connection.label,
        shared: matches!(connection.owner, crate::Owner::Project(_)),
    })
}

/// Uses the link, and gives the way to the provider for the browser that did.
///
/// # Errors
/// [`StartError`]; the link is as good as before unless it is [`StartError::Sql`].
pub async fn authorize(
    ports: &Ports,
    clients: &OauthClients,
    token: &str,
    redirect_uri: &str,
) -> Result<Authorization, StartError> {
    let Attempt { transaction, provider, .. } = unstarted(ports, token).await?;
    let client = clients.get(&provider.client).ok_or_else(|| StartError::NoClient(provider.client.clone()))?;
    let entropy = ports.entropy.as_ref();
    let (state, verifier, browser) = (random(entropy), random(entropy), random(entropy));
    let endpoint = TokenEndpoint::new(&provider, client, &NoHttp, HttpLimits::default());
    let url = endpoint.authorize_url(redirect_uri, &provider.scopes, &state, &verifier);
    let url = url.map_err(|_| StartError::Provider)?;
    let sealed = seal_verifier(&state, transaction.id, &verifier, entropy);
    let start =
        store::start_transaction(&transaction, &hash(state.expose()), &hash(browser.expose()), sealed, ports.now());
    match ports.sql.execute(start).await? {
        1 => Ok(Authorization { url, browser, provider_name: provider.name }),
        // Another browser was quicker.
        _ => Err(StartError::Unknown),
    }
}
