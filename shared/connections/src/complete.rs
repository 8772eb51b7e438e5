//! What comes back from a provider.

use bulkhead_audit::{Actor, AuditEvent, Outcome};
use bulkhead_connectors::oauth::OauthProvider;
use bulkhead_identity::hold_membership;
use bulkhead_kernel::http::{HttpClient, HttpLimits};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Ports, Secret};
use bulkhead_vault::{DEFAULT_MAX_BYTES, NewSecret, Scope, SealingKey, VaultError, put_error, put_steps, remove_step};
use subtle::ConstantTimeEq as _;

use crate::answer::sane_code;
use crate::clients::OauthClients;
use crate::disconnect::{ATTEMPTS, kept_changing};
use crate::model::{Connection, fields};
use crate::start::{Attempt, StartError, attempt};
use crate::store;
use crate::tokens::{GrantedTokens, TokenEndpoint, TokenError};
use crate::transaction::{Transaction, hash, open_verifier};

/// The parameters of an authorization response (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207).
#[derive(Clone, Debug)]
pub struct CallbackAnswer {
    /// What was sent along.
    pub state: Secret,
    /// The code.
    pub code: Option<Secret>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Why an authorization response gives nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Somebody else than the provider answers.
    #[error("the answer does not come from the provider that was asked")]
    WrongIssuer,
    /// The provider, or its user, said no.
    #[error("the provider says: {0}")]
    Denied(String),
    /// It has neither a code nor an error.
    #[error("the provider's answer has no code")]
    NoCode,
}

impl CallbackAnswer {
    /// The code, of an answer that comes from this provider.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn code(&self, provider: &OauthProvider) -> Result<&Secret, AnswerError> {
        // RFC 9207, section 2.4. An answer that names nobody is one by a provider that never does.
        match (&self.iss, &provider.issuer) {
            (Some(iss), Some(issuer)) if iss != issuer => return Err(AnswerError::WrongIssuer),
            (None, Some(_)) if provider.iss => return Err(AnswerError::WrongIssuer),
            _ => {}
        }
        match &self.error {
            Some(error) => Err(AnswerError::Denied(sane_code(error))),
            None => self.code.as_ref().ok_or(AnswerError::NoCode),
        }
    }
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The connection, active.
    pub connection: Connection,
    /// The connector's name.
    pub connector_name: String,
    /// The provider's name.
    pub provider_name: String,
}

/// Why an account was not connected. The first two leave an attempt as it is, and so does the database's refusal to look it up
/// or to use it up; everything else uses it up. What is recorded says so.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// Nobody has been sent to a provider with this state, or the attempt is used up or too old.
    #[error("this attempt is unknown, over, or too old")]
    UnknownState,
    /// It is not the browser that was sent to the provider. The attempt goes on for the one that was. That is recorded.
    #[error("this is not the browser in which connecting began")]
    OtherBrowser,
    /// The connection was disconnected, or its connector removed, meanwhile. That is recorded.
    #[error("what was to be connected is not there any more")]
    Gone,
    /// Whoever asked for it has left the organisation, or may not connect for the project any more. That is recorded.
    #[error("whoever asked for this may not connect this account any more")]
    NotAllowed,
    /// Somebody else than the provider answers. That is recorded.
    #[error("the answer does not come from the provider that was asked")]
    WrongIssuer,
    /// The provider, or its user, said no. That is recorded.
    #[error("the provider says: {0}")]
    Denied(String),
    /// The answer has neither a code nor an error. That is recorded.
    #[error("the provider's answer has no code")]
    NoCode,
    /// What the code is exchanged with can't be opened. That is recorded.
    #[error("what was kept of this attempt can't be opened")]
    Unreadable,
    /// The code could not be exchanged. That is recorded.
    #[error(transparent)]
    Tokens(TokenError),
    /// The operator has taken the client away. That is recorded.
    #[error("the operator has registered no OAuth client {0:?}")]
    NoClient(String),
    /// The tokens can't be stored; they are revoked. That is recorded.
    #[error(transparent)]
    Vault(VaultError),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl From<AnswerError> for CompleteError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::WrongIssuer => Self::WrongIssuer,
            AnswerError::Denied(code) => Self::Denied(code),
            AnswerError::NoCode => Self::NoCode,
        }
    }
}

impl CompleteError {
    /// A code for the connection and the audit trail.
    fn code(&self) -> &str {
        match self {
            Self::UnknownState => "unknown_state",
            Self::OtherBrowser => "other_browser",
            Self::Gone => "gone",
            Self::NotAllowed => "not_allowed",
            Self::WrongIssuer => "wrong_issuer",
            Self::Denied(code) => code,
            Self::NoCode => "no_code",
            Self::Unreadable => "not_readable",
            Self::Tokens(error) => error.code(),
            Self::NoClient(_) => "no_client",
            Self::Vault(_) => "not_stored",
            Self::Sql(_) => "database",
        }
    }
}

/// What an answer is held against, and what is done with it.
pub struct Completion<'a> {
    /// The operator's clients.
    pub clients: &'a OauthClients,
    /// The way to the provider.
    pub http: &'a dyn HttpClient,
    /// What tokens are sealed with.
    pub sealing_key: &'a SealingKey,
    /// The address that the provider was told to answer to.
    pub redirect_uri: &'a str,
}

const ACTION: &str = "connection.connect";

/// Checks an answer, exchanges its code and stores the tokens. `browser` is the cookie.
///
/// # Errors
/// [`CompleteError`].
pub async fn complete(
    ports: &Ports,
    completion: &Completion<'_>,
    answer: &CallbackAnswer,
    browser: Option<&str>,
    correlation: &CorrelationId,
) -> Result<Completed, CompleteError> {
    let database = ports.sql.as_ref();
    let found = store::transaction_by_state(database, &hash(answer.state.expose())).await?;
    let now = ports.now();
    let live = |transaction: &Transaction| transaction.used_at.is_none() && transaction.expires_at > now;
    let transaction = found.filter(live).ok_or(CompleteError::UnknownState)?;
    if !is_same_browser(&transaction, browser) {
        let event = event(ports, &transaction, correlation).refused(CompleteError::OtherBrowser.code());
        bulkhead_audit::record_refusal(ports, &event).await?;
        return Err(CompleteError::OtherBrowser);
    }
    // From here on it is used up, whatever comes: no second answer is looked at.
    if database.execute(store::use_transaction(transaction.organization, transaction.id, now)).await? != 1 {
        return Err(CompleteError::UnknownState);
    }
    let event = event(ports, &transaction, correlation);
    let attempt = match attempt(ports, transaction).await {
        Ok(attempt) => attempt,
        Err(StartError::Sql(error)) => return Err(error.into()),
        Err(StartError::NotAllowed) => {
            let error = CompleteError::NotAllowed;
            bulkhead_audit::record_refusal(ports, &event.refused(error.code())).await?;
            return Err(error);
        }
        Err(_) => {
            let error = CompleteError::Gone;
            bulkhead_audit::record_refusal(ports, &event.refused(error.code())).await?;
            return Err(error);
        }
    };
    let tokens = match exchange(completion, &attempt, answer).await {
        Ok(tokens) => tokens,
        Err(error) => {
            fail(ports, &attempt, error.code(), correlation).await?;
            return Err(error);
        }
    };
    let completed = activate(ports, completion, &attempt, &tokens, correlation).await;
    if let Err(error @ (CompleteError::Gone | CompleteError::NotAllowed | CompleteError::Vault(_))) = &completed {
        revoke(completion, &attempt.provider, &tokens).await;
        match error {
            CompleteError::Vault(_) => fail(ports, &attempt, error.code(), correlation).await?,
            _ => bulkhead_audit::record_refusal(ports, &event.refused(error.code())).await?,
        }
    }
    completed
}

/// Tokens that are not stored must not live on.
async fn revoke(completion: &Completion<'_>, provider: &OauthProvider, tokens: &GrantedTokens) {
    let Some(client) = completion.clients.get(&provider.client) else { return };
    let endpoint = TokenEndpoint::new(provider, client, completion.http, HttpLimits::default());
    if let Err(error) = endpoint.revoke(&tokens.access_token, tokens.refresh_token.as_ref()).await {
        tracing::warn!(%error, "tokens that were not stored could not be revoked");
    }
}

fn is_same_browser(transaction: &Transaction, browser: Option<&str>) -> bool {
    let (Some(expected), Some(browser)) = (&transaction.browser_hash, browser) else { return false };
    hash(browser).as_bytes().ct_eq(expected.as_bytes()).into()
}

/// The user who asked for the link: whoever follows it acts for nobody else.
fn event(ports: &Ports, transaction: &Transaction, correlation: &CorrelationId) -> AuditEvent {
    let actor = Actor {
        kind: "user".to_owned(),
        id: transaction.user.to_string(),
        credential_id: format!("oauth_transaction:{}", transaction.id),
    };
    let target = crate::model::target(transaction.connection);
    AuditEvent::pending_by(ports, transaction.organization, actor, ACTION, target, correlation)
}

async fn exchange(
    completion: &Completion<'_>,
    attempt: &Attempt,
    answer: &CallbackAnswer,
) -> Result<GrantedTokens, CompleteError> {
    let provider = &attempt.provider;
    let code = answer.code(provider)?;
    let sealed = attempt.transaction.verifier.as_deref().ok_or(CompleteError::Unreadable)?;
    let verifier = open_verifier(&answer.state, attempt.transaction.id, sealed).ok_or(CompleteError::Unreadable)?;
    let client = completion.clients.get(&provider.client);
    let client = client.ok_or_else(|| CompleteError::NoClient(provider.client.clone()))?;
    let endpoint = TokenEndpoint::new(provider, client, completion.http, HttpLimits::default());
    endpoint.exchange(completion.redirect_uri, code, &verifier).await.map_err(CompleteError::Tokens)
}

/// Writes that it failed. A connection that works goes on working.
async fn fail(ports: &Ports, attempt: &Attempt, code: &str, correlation: &CorrelationId) -> Result<(), SqlError> {
    let Attempt { transaction, connection, .. } = attempt;
    let event = event(ports, transaction, correlation).ended(Outcome::Failed);
    let event = AuditEvent { reason: Some(code.to_owned()), ..event };
    let mut steps = vec![bulkhead_audit::begin(&event).into()];
    let state = connection.state.clone().failed(code);
    if state != connection.state {
        let failed = Connection { state, ..connection.clone() };
        // No row is changed when somebody else has connected it meanwhile.
        steps.push(store::update(&failed, connection.version, ports.now()).into());
    }
    ports.sql.batch(steps).await.map(drop)
}

/// Stores the tokens. Whatever else has changed the connection meanwhile, such as a refresh of the tokens that it had, these
/// are newer; but one that was disconnected stays so.
async fn activate(
    ports: &Ports,
    completion: &Completion<'_>,
    attempt: &Attempt,
    tokens: &GrantedTokens,
    correlation: &CorrelationId,
) -> Result<Completed, CompleteError> {
    let mut connection = attempt.connection.clone();
    for _ in 0..ATTEMPTS {
        if let Some(connection) = store_tokens(ports, completion, attempt, connection, tokens, correlation).await? {
            let (connector_name, provider_name) = (attempt.connector_name.clone(), attempt.provider.name.clone());
            return Ok(Completed { connection, connector_name, provider_name });
        }
        let Attempt { transaction, connection: before, .. } = attempt;
        let found = store::find(ports.sql.as_ref(), transaction.organization, before.id).await?;
        connection = found.ok_or(CompleteError::Gone)?;
    }
    Err(kept_changing().into())
}

/// The connection with these tokens; `None` when it is of another version than this, and nothing is stored.
async fn store_tokens(
    ports: &Ports,
    completion: &Completion<'_>,
    attempt: &Attempt,
    connection: Connection,
    tokens: &GrantedTokens,
    correlation: &CorrelationId,
) -> Result<Option<Connection>, CompleteError> {
    let Attempt { transaction, membership, provider, .. } = attempt;
    let now = ports.now();
    let refreshable = provider.refresh && tokens.refresh_token.is_some();
    let state = connection.state.clone().connected(tokens.expires_at(now), refreshable);
    let state = state.map_err(|_| CompleteError::Gone)?;
    let version = connection.version + 1;
    let connected = Connection {
        state,
        account: tokens.account.clone().or(connection.account.clone()),
        authority: provider.authority.clone(),
        scopes: tokens.scopes.clone().unwrap_or_else(|| provider.scopes.clone()),
        ..connection
    };
    let (organization, scope) = (connected.organization, Scope::Connection(connected.id));
    let field = |name: &str| name.parse().expect("a name");
    let secret = |name, value: &Secret| NewSecret { scope: scope.clone(), field: field(name), value: value.clone() };
    let mut secrets = vec![secret(fields::CREDENTIAL, &tokens.access_token)];
    // Whoever asked for it may have had to leave while the provider was asked. First, as in the batches that end a membership and
    // then its connections: PostgreSQL ends one of two that wait for each other.
    let mut steps = vec![hold_membership(membership), store::update(&connected, version, now).expecting(1)];
    match &tokens.refresh_token {
        Some(token) => secrets.push(secret(fields::REFRESH_TOKEN, token)),
        None => steps.push(remove_step(organization, &scope, &field(fields::REFRESH_TOKEN))),
    }
    let key = completion.sealing_key;
    let sealed = put_steps(ports, organization, key, &secrets, DEFAULT_MAX_BYTES);
    steps.extend(sealed.map_err(CompleteError::Vault)?);
    let event = event(ports, transaction, correlation).ended(Outcome::Succeeded);
    steps.push(bulkhead_audit::begin(&event).into());
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(Some(Connection { version, updated_at: now, ..connected })),
        Err(error) if error.is_unexpected_rows_at(0) => Err(CompleteError::NotAllowed),
        Err(error) if error.is_unexpected_rows_at(1) => Ok(None),
        Err(error) => match put_error(ports, key, error).await {
            VaultError::Sql(error) => Err(error.into()),
            error => Err(CompleteError::Vault(error)),
        },
    }
}
