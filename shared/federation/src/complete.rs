//! What a browser brings back from a provider.

use bulkhead_connections::{AnswerError, CallbackAnswer, TokenEndpoint, TokenError};
use bulkhead_identity::{ExternalPerson, IdentityKey, OpaqueToken, Purpose, TokenError as IdTokenError, Unreadable};
use bulkhead_kernel::http::{HttpClient, HttpLimits};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Secret, Timestamp};
use subtle::ConstantTimeEq as _;

use crate::attempt::{Attempt, Intent, Kept};
use crate::discovery::{DiscoveryCache, DiscoveryError};
use crate::fetch::FetchError;
use crate::oidc::Asked;
use crate::provider::{Provider, ProviderKind};
use crate::{github, oidc, store};

/// What an answer is held against.
pub struct Completion<'a> {
    /// The provider that the address names to which the answer came.
    pub provider: &'a Provider,
    /// The way to it.
    pub http: &'a dyn HttpClient,
    /// What issuers have said.
    pub cache: &'a DiscoveryCache,
    /// What was kept is sealed with it.
    pub key: &'a IdentityKey,
    /// The address that the provider was told to answer to.
    pub redirect_uri: &'a str,
}

/// Somebody who has signed in there.
#[derive(Debug)]
pub struct Completed {
    /// Who the provider says that they are.
    pub person: ExternalPerson,
    /// What for.
    pub intent: Intent,
    /// Where the browser was going.
    pub next: Option<String>,
}

/// Why an answer is refused. The first two leave an attempt as it is, and so does the database's refusal to look it up or to
/// use it up; everything else uses it up.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// Nobody has been sent to this provider with this state, or the attempt is used up or too old.
    #[error("this attempt is unknown, over, or too old")]
    UnknownState,
    /// It is not the browser that was sent there. The attempt goes on for the one that was.
    #[error("this is not the browser in which signing in began")]
    OtherBrowser,
    /// It is another's, or it says no.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The code could not be exchanged.
    #[error(transparent)]
    Tokens(TokenError),
    /// The issuer can't be asked.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// There is no ID token among the tokens.
    #[error("the provider's answer has no ID token")]
    NoIdToken,
    /// It proves nothing.
    #[error("the ID token is refused: {0}")]
    IdToken(IdTokenError),
    /// What the provider calls them is not what it may be, or not the same in two places.
    #[error("the provider does not say clearly who it is")]
    Subject,
    /// The provider does not say who it is.
    #[error("the provider does not say who it is: {0}")]
    Person(FetchError),
    /// The provider knows no verified address of theirs in one of the domains that are let in.
    #[error("the provider knows no verified address of a domain that is let in")]
    EmailDomain,
    /// What was kept can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Checks an answer, exchanges its code, and finds out who it is. `browser` is the cookie.
///
/// # Errors
/// [`CompleteError`].
pub async fn complete(
    ports: &Ports,
    completion: &Completion<'_>,
    answer: &CallbackAnswer,
    browser: Option<&str>,
) -> Result<Completed, CompleteError> {
    let (database, now) = (ports.sql.as_ref(), ports.now());
    let state = OpaqueToken::parse(Purpose::SignInState, answer.state.expose());
    let state_hash = state.map_err(|_| CompleteError::UnknownState)?.hash();
    let found = store::find(database, &state_hash).await?;
    let live =
        |attempt: &Attempt| !attempt.used && attempt.expires_at > now && attempt.provider == completion.provider.slug;
    let attempt = found.filter(live).ok_or(CompleteError::UnknownState)?;
    let browser = browser.and_then(|cookie| OpaqueToken::parse(Purpose::SignInBrowser, cookie).ok());
    let is_same = |browser: OpaqueToken| bool::from(browser.hash().as_bytes().ct_eq(attempt.browser_hash.as_bytes()));
    if !browser.is_some_and(is_same) {
        return Err(CompleteError::OtherBrowser);
    }
    // From here on it is used up, whatever comes: no second answer is looked at.
    if database.execute(store::spend(&attempt.state_hash, now)).await? != 1 {
        return Err(CompleteError::UnknownState);
    }
    let kept = Kept::open(completion.key, &attempt.state_hash, &attempt.sealed)?;
    let next = kept.next.clone();
    let person = person(completion, answer, kept, now).await?;
    if !completion.provider.admits(person.email.as_ref()) {
        return Err(CompleteError::EmailDomain);
    }
    Ok(Completed { person, intent: attempt.intent, next })
}

async fn person(
    completion: &Completion<'_>,
    answer: &CallbackAnswer,
    kept: Kept,
    now: Timestamp,
) -> Result<ExternalPerson, CompleteError> {
    let Completion { provider, http, cache, redirect_uri, .. } = completion;
    let (verifier, nonce) = (Secret::new(kept.verifier), Secret::new(kept.nonce));
    match &provider.kind {
        ProviderKind::GitHub { url } => {
            let oauth = github::oauth(provider, url);
            let endpoint = TokenEndpoint::new(&oauth, &provider.client, *http, HttpLimits::default());
            let code = answer.code(&oauth)?;
            let tokens = endpoint.exchange(redirect_uri, code, &verifier).await.map_err(CompleteError::Tokens)?;
            let person = github::person(provider, url, &tokens.access_token, *http).await;
            person.map_err(CompleteError::Person)
        }
        ProviderKind::Oidc { issuer } => {
            let metadata = cache.metadata(*http, issuer, now).await?;
            let oauth = metadata.oauth(provider, None);
            let endpoint = TokenEndpoint::new(&oauth, &provider.client, *http, HttpLimits::default());
            let code = answer.code(&oauth)?;
            let tokens = endpoint.exchange(redirect_uri, code, &verifier).await.map_err(CompleteError::Tokens)?;
            let asked = Asked { provider, metadata: &metadata, tokens: &tokens, nonce: &nonce };
            oidc::person(&asked, *http, cache, now).await
        }
    }
}
