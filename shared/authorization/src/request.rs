//! What a client asks a user for (RFC 6749, section 4.1.1).

use std::collections::BTreeSet;

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Ports, Scope};

use crate::client::{Client, ClientDocuments, find_client};
use crate::error::{Code, Failure, OAuthError};
use crate::grant::GrantType;
use crate::metadata::resources;
use crate::parameters::Parameters;
use crate::pkce;
use crate::policy::Policy;
use crate::redirect::RedirectUri;

/// A request that makes sense, for a user to decide on.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub redirect_uri: RedirectUri,
    /// What the client recognises its request by.
    pub state: Option<String>,
    /// The PKCE challenge.
    pub(crate) code_challenge: String,
    /// What the tokens are for: one of our resources (RFC 8707).
    pub audience: String,
    /// What they may do.
    pub scopes: BTreeSet<Scope>,
}

/// A request that no user is asked about.
#[derive(Debug)]
pub enum Refused {
    /// It is not certain who asks, or where the answer would go: the user is told, and nobody else (RFC 6749, section
    /// 4.1.2.1).
    ToUser(OAuthError),
    /// The client is told, through this URL.
    ToClient(String),
    /// The database refused.
    Sql(SqlError),
}

/// The most characters of `state`.
const MAX_STATE: usize = 4096;

/// Checks a request, without knowing who the user is.
///
/// # Errors
/// [`Refused`].
pub async fn check_request(
    ports: &Ports,
    documents: &dyn ClientDocuments,
    policy: &Policy,
    issuer: &str,
    parameters: &Parameters,
) -> Result<AuthorizationRequest, Refused> {
    let to_user = Refused::ToUser;
    let id = parameters.required("client_id").map_err(to_user)?;
    let redirect_uri = parameters.required("redirect_uri").map_err(to_user)?;
    let client = find_client(ports, documents, policy, id).await.map_err(|failure| match failure {
        Failure::Refused(error) => Refused::ToUser(error),
        Failure::Sql(error) => Refused::Sql(error),
        Failure::Keys(error) => Refused::Sql(SqlError::Other(error.to_string())),
    })?;
    let redirect_uri = RedirectUri::parse(redirect_uri, policy.uri_bytes).ok().filter(|uri| client.allows(uri));
    let redirect_uri = redirect_uri.ok_or_else(|| {
        let description = "the redirect_uri is not one that the client has registered";
        Refused::ToUser(OAuthError::new(Code::InvalidRequest, description))
    })?;
    // From here on it is certain where an answer goes. A state that is given twice is no state.
    let state = parameters.optional("state").ok().flatten().filter(|state| state.len() <= MAX_STATE);
    match check(&client, issuer, parameters) {
        Ok((audience, scopes, challenge)) => Ok(AuthorizationRequest {
            code_challenge: challenge.to_owned(),
            state: state.map(str::to_owned),
            client,
            redirect_uri,
            audience,
            scopes,
        }),
        Err(error) => Err(Refused::ToClient(answer_error(&redirect_uri, state, issuer, &error))),
    }
}

type Checked<'a> = (String, BTreeSet<Scope>, &'a str);

fn check<'a>(client: &Client, issuer: &str, parameters: &'a Parameters) -> Result<Checked<'a>, OAuthError> {
    let invalid = |description| OAuthError::new(Code::InvalidRequest, description);
    if parameters.optional("state")?.is_some_and(|state| state.len() > MAX_STATE) {
        return Err(invalid("state is too long"));
    }
    if parameters.required("response_type")? != "code" {
        return Err(OAuthError::new(Code::UnsupportedResponseType, "response_type must be code"));
    }
    if parameters.optional("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(invalid("response_mode must be query"));
    }
    if parameters.optional("request")?.or(parameters.optional("request_uri")?).is_some() {
        return Err(invalid("request objects are not supported; send the parameters themselves"));
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(OAuthError::new(Code::UnauthorizedClient, "the client is not registered for authorization_code"));
    }
    let challenge = parameters.required("code_challenge")?;
    if parameters.optional("code_challenge_method")? != Some(pkce::METHOD) {
        return Err(invalid("code_challenge_method must be S256"));
    }
    if !pkce::is_challenge(challenge) {
        return Err(invalid("code_challenge must be the base64url SHA-256 of the code_verifier"));
    }
    Ok((audience(issuer, parameters)?, scopes(parameters)?, challenge))
}

/// What tokens are to be for: the MCP endpoint unless the client says otherwise.
pub(crate) fn audience(issuer: &str, parameters: &Parameters) -> Result<String, OAuthError> {
    let [mcp, rest] = resources(issuer);
    let mut asked = parameters.all("resource");
    match (asked.next(), asked.next()) {
        (None, _) => Ok(mcp),
        (Some(one), None) if [&mcp, &rest].iter().any(|own| *own == one) => Ok(one.to_owned()),
        (Some(_), None) => Err(OAuthError::new(Code::InvalidTarget, "resource is none of this server")),
        (Some(_), Some(_)) => Err(OAuthError::new(Code::InvalidTarget, "a token is for one resource; name one")),
    }
}

/// What is asked for: calling tools unless the client says otherwise.
pub(crate) fn scopes(parameters: &Parameters) -> Result<BTreeSet<Scope>, OAuthError> {
    let Some(text) = parameters.optional("scope")? else { return Ok([Scope::Tools].into()) };
    let parse = |scope: &str| scope.parse::<Scope>();
    let scopes: Result<BTreeSet<_>, _> = text.split(' ').filter(|scope| !scope.is_empty()).map(parse).collect();
    match scopes {
        Ok(scopes) if !scopes.is_empty() => Ok(scopes),
        _ => Err(OAuthError::new(Code::InvalidScope, "scopes are tools, audit:read, organization and profile")),
    }
}

/// Where the client gets an error, with `iss` (RFC 9207).
pub(crate) fn answer_error(to: &RedirectUri, state: Option<&str>, issuer: &str, error: &OAuthError) -> String {
    let parameters = [("error", error.code.as_str()), ("error_description", &error.description)];
    let state = state.map(|state| ("state", state));
    to.with(parameters.into_iter().chain(state).chain([("iss", issuer)]))
}
