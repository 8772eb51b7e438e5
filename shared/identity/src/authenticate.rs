//! Credential → [`Caller`].

use core::net::IpAddr;
use std::time::Duration;

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Credential, Ports, Timestamp};

use crate::keys::{ApiKeyToken, KeyTerms, store as keys};
use crate::sessions::store as sessions;
use crate::token::{Rules, SigningAlgorithm, TokenError, TokenKeys, Unverified};

/// What every API key starts with. No JWT does: it starts with `eyJ`.
const API_KEY: &str = "bhk_";

/// Our own access tokens are shorter.
const MAX_TOKEN_BYTES: usize = 4096;

/// Several of our machines issue and check; their clocks differ a little.
const LEEWAY: Duration = Duration::from_secs(5);

/// Why a credential makes no caller.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is not a key, or not one of ours, or expired, or revoked. Which of these is for the log, not the caller.
    #[error("the credential is not valid: {0}")]
    Invalid(&'static str),
    /// It is not an access token of ours that holds.
    #[error("the credential is not valid: {0}")]
    Token(#[from] TokenError),
    /// It could not be looked up.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What access tokens of ours must be to be accepted here.
#[derive(Clone, Debug)]
pub struct TokenTerms {
    keys: TokenKeys,
    rules: Rules,
}

impl TokenTerms {
    /// Tokens that `issuer` signed with one of these keys for this audience.
    #[must_use]
    pub fn new(keys: TokenKeys, issuer: &str, audience: String) -> Self {
        let rules = Rules {
            issuer: issuer.to_owned(),
            audience,
            algorithms: vec![SigningAlgorithm::EdDsa],
            leeway: LEEWAY,
            max_bytes: MAX_TOKEN_BYTES,
        };
        Self { keys, rules }
    }
}

/// Whether a credential looks like an API key, so that no token's keys are needed to check it.
#[must_use]
pub fn is_api_key(bearer: &str) -> bool {
    bearer.starts_with(API_KEY)
}

/// Finds out who presents this API key, from the address of `peer`. A key that works from some addresses alone does not
/// where the address is not known.
///
/// # Errors
/// [`AuthenticateError::Invalid`] for every credential that doesn't work.
pub async fn authenticate_key(ports: &Ports, bearer: &str, peer: Option<IpAddr>) -> Result<Caller, AuthenticateError> {
    let token = ApiKeyToken::parse(bearer).map_err(|_| AuthenticateError::Invalid("not an API key"))?;
    let found = keys::find_by_prefix(ports.sql.as_ref(), token.prefix()).await?;
    let (key, role) = found.ok_or(AuthenticateError::Invalid("no key has this prefix"))?;
    let now = ports.now();
    if !token.matches(&key.hash) {
        return Err(AuthenticateError::Invalid("the key's secret does not match"));
    }
    if !key.is_active(now) {
        return Err(AuthenticateError::Invalid("the key is expired or revoked"));
    }
    if let Some(networks) = &key.networks
        && !peer.is_some_and(|address| networks.contain(address))
    {
        return Err(AuthenticateError::Invalid("the key may not be used from this address"));
    }
    let every = i64::try_from(KeyTerms::default().note_every.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_millis(now.as_millis().saturating_sub(every));
    if key.last_used_at.is_none_or(|last| last <= before) {
        // It is for whoever looks through their keys: no reason to refuse a request, which says by itself what is wrong.
        let _ = ports.sql.execute(keys::note_use(&key, peer, now, before)).await;
    }
    Ok(Caller {
        organization: key.organization,
        user: key.user,
        role,
        scopes: key.scopes,
        credential: Credential::ApiKey(key.id),
    })
}

/// Finds out who presents this access token of ours. The signature says who it was for; the database, whether that still
/// holds: the session goes on, and the user belongs to the organisation, and as what.
///
/// # Errors
/// [`AuthenticateError::Token`] for one that is not right, [`AuthenticateError::Invalid`] for one that no longer is.
pub async fn authenticate_token(ports: &Ports, terms: &TokenTerms, bearer: &str) -> Result<Caller, AuthenticateError> {
    let token = Unverified::parse(bearer, &terms.rules)?;
    let verified = token.verify(terms.keys.find(&token.key_id), &terms.rules, ports.now())?;
    let missing = || AuthenticateError::Invalid("the token lacks a claim of ours");
    let invalid = |_| AuthenticateError::Invalid("a claim of the token is not an id");
    let organization = verified.organization.ok_or_else(missing)?.parse().map_err(invalid)?;
    let session = verified.session.ok_or_else(missing)?.parse().map_err(invalid)?;
    let user = verified.subject.parse().map_err(invalid)?;
    let standing = sessions::standing(ports.sql.as_ref(), (session, user, organization), ports.now()).await?;
    let (role, scopes) = standing.ok_or(AuthenticateError::Invalid("the session has ended, or its user has left"))?;
    Ok(Caller { organization, user, role, scopes, credential: Credential::Session(session) })
}
